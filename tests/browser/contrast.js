() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = text;
    brush.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (ground, [red, green, blue], alpha) =>
    ground.map((value, at) => value * (1 - alpha) + [red, green, blue][at] * alpha);
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ancestors = (element) => (element ? [element, ...ancestors(element.parentElement)] : []);
  const ground = (element) => {
    const layers = ancestors(element).map((one) => rgba(getComputedStyle(one).backgroundColor));
    const last = layers.findIndex((layer) => layer[3] === 1);
    const seen = last < 0 ? layers : layers.slice(0, last + 1);
    return seen.reverse().reduce((below, layer) => over(below, layer, layer[3]), [255, 255, 255]);
  };
  const faint = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const text = words.currentNode.textContent.trim();
    const element = words.currentNode.parentElement;
    const silent = ["SCRIPT", "STYLE", "OPTION", "NOSCRIPT"].includes(element.tagName);
    if (!text || silent || !element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const opacity = ancestors(element).reduce((so, one) => so * getComputedStyle(one).opacity, 1);
    const below = ground(element);
    const ink = rgba(style.color);
    const pair = [luminance(over(below, ink, ink[3] * opacity)), luminance(below)];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) {
      faint.push(`${text.slice(0, 30)}: ${ratio.toFixed(2)} (${element.tagName} ${element.className})`);
    }
  }
  return faint;
}
