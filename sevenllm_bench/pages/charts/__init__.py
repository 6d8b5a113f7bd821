"""Charts as static SVG, made when a page is built: no script, no style attribute, a table behind each."""
