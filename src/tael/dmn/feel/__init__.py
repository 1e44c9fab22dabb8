"""FEEL, the expression language of DMN 1.5: tokens, tree, closures, values and built-ins."""
