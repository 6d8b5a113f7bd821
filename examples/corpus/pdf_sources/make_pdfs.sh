#!/bin/sh
# Prints the pages of this folder to the PDF files of the example reports: sh examples/corpus/pdf_sources/make_pdfs.sh
# Needs chromium (131 or newer, for page numbers) and the fonts DejaVu Serif and Noto Serif CJK SC.
set -e
sources=$(cd "$(dirname "$0")" && pwd)
for page in en/tidal-spear-campaign zh/gangkou-jiandie; do
    chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer \
        --print-to-pdf="$sources/../reports/$page.pdf" "$sources/$(basename "$page").html"
done
