"""The style sheet of a page: light, dark and print, from 360 pixels up."""

from __future__ import annotations

# Eight colours that stay apart for people who see few of them; darker by day, lighter by night.
_LIGHT = ("#1d5fbf", "#d1571b", "#0f8a6d", "#8e44ad", "#b8860b", "#c2185b", "#4a6572", "#5b8c2a")
_DARK = ("#6ea8fe", "#ff9e66", "#4fd1ae", "#c9a0ff", "#f0c75e", "#ff8ab5", "#a9bcc6", "#a8d672")


def _colours(colours: tuple[str, ...]) -> str:
    return "".join(f"--c{number}:{colour};" for number, colour in enumerate(colours))


def _classes() -> str:
    return "".join(
        f".s{n}{{stroke:var(--c{n})}}.f{n}{{fill:var(--c{n})}}.b{n}{{background:var(--c{n})}}"
        for n in range(len(_LIGHT))
    )


_DAY = (
    "--paper:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5d6b7a;--line:#e3e7ec;--zero:#9aa6b2;"
    "--good:#0f8a6d;--warning:#b7791f;--bad:#c0392b;" + _colours(_LIGHT)
)
_NIGHT = (
    "--paper:#11161d;--card:#19212b;--ink:#e6ebf1;--soft:#9aa8b7;--line:#2b3643;--zero:#5b6a7a;"
    "--good:#4fd1ae;--warning:#f0c75e;--bad:#ff8a80;" + _colours(_DARK)
)

STYLE = (
    f":root{{color-scheme:light dark;{_DAY}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_NIGHT}}}}}"
    """
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:32px 24px 48px;background:var(--paper);color:var(--ink);
font:15px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC",sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:28px;line-height:1.25;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:19px;margin:40px 0 12px;padding-top:4px}
p{margin:0 0 12px;max-width:80ch}
header{border-bottom:1px solid var(--line);padding-bottom:14px;margin-bottom:20px}
.origin{color:var(--soft);font-size:13px;margin:0;max-width:none}.origin b{font-weight:600}
.lead{color:var(--soft);margin-top:-6px}
nav{display:flex;flex-wrap:wrap;gap:6px 18px;font-size:13px;margin-bottom:20px}
nav a{color:var(--c0);text-decoration:none}nav a:hover{text-decoration:underline}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:14px;
margin:16px 0 20px}
.tile,figure,.table{background:var(--card);border:1px solid var(--line);border-radius:8px}
.tile{padding:14px 16px;border-top:3px solid var(--c0)}
.tile.good{border-top-color:var(--good)}.tile.warning{border-top-color:var(--warning)}
.tile.bad{border-top-color:var(--bad)}
.label,.detail{color:var(--soft);font-size:13px}
.value{font-size:25px;line-height:1.3;font-weight:650;font-variant-numeric:tabular-nums;
letter-spacing:-.01em;overflow-wrap:anywhere}
.long{font-size:18px;line-height:1.8}
.note{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--c0);
border-radius:6px;padding:10px 14px}
.note.good{border-left-color:var(--good)}.note.warning{border-left-color:var(--warning)}
.note.bad{border-left-color:var(--bad)}
.table{overflow-x:auto;margin:12px 0 20px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:12px 14px 6px}
th,td{padding:7px 14px;text-align:left;white-space:nowrap;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:600;font-size:13px}
tbody tr:hover{background:color-mix(in srgb,var(--c0) 6%,transparent)}
.n{text-align:right}.total td{font-weight:650;border-top:2px solid var(--zero)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(500px,100%),1fr));gap:16px;
margin:12px 0 20px}
figure{margin:0;padding:14px 16px 10px;min-width:0}
figcaption{font-weight:600;margin-bottom:4px}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12.5px;color:var(--soft)}
.legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:5px;
vertical-align:-1px}
.legend .again{opacity:.55}
.plot{overflow-x:auto}
svg{display:block;width:100%;min-width:420px;height:auto}
svg text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
svg .axis{fill:var(--ink)}
.grid line{stroke:var(--line)}.grid .zero{stroke:var(--zero)}
path{fill:none;stroke-width:2;stroke-linejoin:round}.again{stroke-dasharray:6 4}
circle{stroke:var(--card);stroke-width:1}
details{font-size:13px;color:var(--soft)}summary{cursor:pointer}
details .table{max-height:340px;overflow:auto;margin:6px 0}
.empty{color:var(--soft);text-align:center;padding:36px}
footer{margin-top:36px;color:var(--soft);font-size:12.5px;border-top:1px solid var(--line);
padding-top:10px}
@media (max-width:600px){body{padding:18px 12px 32px}h1{font-size:23px}.value{font-size:21px}}
@media print{body{background:#fff;max-width:none;padding:0;font-size:10.5pt}
details,nav{display:none}
.tile,figure,.table,.note,tr{break-inside:avoid}
h2{break-after:avoid}.charts{grid-template-columns:1fr}
.table{overflow:visible}svg{min-width:0}@page{margin:16mm}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
""" + _classes()
)
