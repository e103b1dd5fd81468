"""A document as one HTML file: no script, nothing loaded from elsewhere, printable in black and white."""

from __future__ import annotations

from html import escape

from dashboard.exports.document import Document, Section, shown
from dashboard.questions.view import Table

_STYLE = """
body{font:15px/1.45 Georgia,"Libertinus Serif",serif;color:#1f2933;background:#fff;max-width:62rem;margin:2rem auto;
  padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem}
h2{font-size:1.2rem;margin:2rem 0 .4rem;break-after:avoid}
table{border-collapse:collapse;margin:.8rem 0 1rem;font-size:.86rem}
caption{text-align:left;font-weight:bold;padding:.2rem 0}
th,td{padding:.18rem .55rem;text-align:right;vertical-align:top}
th[scope=row],td.text,th.text{text-align:left;font-weight:normal}
thead th{border-bottom:1.5px solid #1f2933;font-weight:bold;vertical-align:bottom}
tbody tr+tr>*{border-top:1px solid #dde2e7}
.scroll{overflow-x:auto}
svg{max-width:100%;height:auto}
.note{font-size:.84rem;color:#52606d}
.facts th{white-space:nowrap}
.facts td{text-align:left;overflow-wrap:anywhere}
.hidden{color:#52606d;font-style:italic}
footer{margin:2rem 0;font-size:.84rem;color:#52606d}
@media print{
body{margin:0;max-width:none;font-size:11px}
tr,figure{break-inside:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
}
"""


def html_page(document: Document) -> str:
    """The page. Every text of the document is escaped; SVG is the product's own."""
    facts = "".join(f'<tr><th scope="row">{escape(n)}</th><td>{escape(v)}</td></tr>' for n, v in document.facts)
    body = "".join(_section(section) for section in document.sections)
    if document.definitions:
        body += "<h2>Definitions</h2>" + "".join(_table(table) for table in document.definitions)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(document.title)}</h1><p>{escape(document.subtitle)}</p>"
        f'<table class="facts"><caption>About this file</caption><tbody>{facts}</tbody></table>'
        f"{body}</main><footer>{escape(document.footer)}</footer></body></html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<section><h2>{escape(section.title)}</h2>"]
    if section.sentence:
        parts.append(f"<p>{escape(section.sentence)}</p>")
    for chart in section.charts:
        caption = f'<figcaption class="note">{escape(chart.caption)}</figcaption>' if chart.caption else ""
        parts.append(f"<figure>{chart.svg}{caption}</figure>")
    parts += [_table(table) for table in section.tables]
    return "".join(parts) + "</section>"


def _table(table: Table) -> str:
    head = "".join(
        f'<th scope="col"{" class=text" if column.kind == "text" else ""}>{escape(column.heading)}</th>'
        for column in table.columns
    )
    rows = []
    for row in table.rows:
        cells = []
        for place, column in enumerate(table.columns):
            value = row.get(column.key)
            text = escape(shown(value, column.kind))
            if place == 0 and table.keys:
                cells.append(f'<th scope="row">{text}</th>')
            elif column.kind == "text":
                cells.append(f'<td class="text">{text}</td>')
            else:
                cells.append(f'<td class="hidden">{text}</td>' if isinstance(value, str) else f"<td>{text}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    body = f"<tbody>{''.join(rows)}</tbody>" if rows else ""
    empty = "" if rows or table.note else '<p class="note">Nothing to show.</p>'
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}"><table>'
        f"<caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead>{body}</table></div>{empty}{note}"
    )
