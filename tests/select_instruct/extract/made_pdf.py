"""Small PDF files written by hand, object by object."""

from collections.abc import Sequence


def pdf(pages: Sequence[str], trailer: str = "", title: str = "") -> bytes:
    """A PDF of pages of 400 x 600 points, each with the content stream given, and the font Helvetica as /F."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 600] /Resources << /Font << /F 3 0 R >> >>"
            f" /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream")
    info = ""
    if title:
        objects.append(f"<< /Title ({title}) >>")
        info = f"/Info {len(objects)} 0 R"
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R {info} {trailer} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + table.encode() + end.encode()


def text(words: str, left: float, bottom: float, size: float = 9, before: str = "") -> str:
    """Drawing of words at a place; `before` are further operators, "3 Tr" say."""
    escaped = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"q BT {before} /F {size} Tf {left} {bottom} Td ({escaped}) Tj ET Q\n"


def column(lines: Sequence[str], left: float, top: float, size: float = 9, step: float = 12) -> str:
    """Lines one below the other."""
    return "".join(text(line, left, top - step * number, size) for number, line in enumerate(lines))
