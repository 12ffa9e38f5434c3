"""What a page says of itself to those that do not read it: search engines, previews, archives.

A description is the sentence of promise under a page's title. Addresses in full (canonical, the
picture of a preview, the site map) appear when the site's own is known: `html.baseurl` of
`_config.yml`, or what GitHub Pages makes of `repository.url`.
"""

import re
from html import escape
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree import ElementTree as ET

from docutils import nodes

import front
from companion_wheel import site_address

SUBTITLE = "A course on latent-variable models"
LONGEST = 300  # letters of a description
PREVIEW = "_static/preview.png"
MISSING = """<h1>There is no such page</h1><p>It may have moved, or the address has a slip. The
<a href="{home}">first page</a> lists the chapters; the search finds words in all of them.</p>"""
PREVIEW_SAYS = (
    "Two maps of the United States: the tenth of the counties with the highest death rates from "
    "kidney cancer, and the tenth with the lowest. Both are scattered over the rural middle."
)


def find_address(app, config):
    """Settle the site's address; a page that is missing asks for its files from there."""
    repository = config.html_theme_options.get("repository_url")
    address = config.html_baseurl = site_address(config.html_baseurl, repository)
    if address and not urlsplit(address).netloc:
        raise ValueError(f"html.baseurl must be an address such as https://…/, not {address!r}")
    config.notfound_urls_prefix = prefix = urlsplit(config.html_baseurl).path or "/"
    body = MISSING.format(home=f"{prefix}index.html")
    config.notfound_context = {"title": "There is no such page", "body": body}


def promise(doctree):
    """Return the first paragraph after the title as plain words, cut at a word if it is long."""
    for paragraph in doctree.findall(nodes.paragraph):
        if any(True for _ in paragraph.findall(nodes.math)):
            continue
        words = " ".join(paragraph.astext().split())
        if len(words) > LONGEST:
            words = f"{words[:LONGEST].rsplit(' ', 1)[0]} …"
        return words
    return ""


def describe(app, pagename, templatename, context, doctree):
    """Add the description and the words of a preview; the front page's title is said once."""
    if app.builder.format != "html":
        return
    page = app.config.root_doc if pagename == "index" else pagename
    is_front = page == app.config.root_doc
    if pagename == page and is_front:
        context["title"] = SUBTITLE  # the title of the site stands after it
    title = re.sub(r"<[^>]+>", "", context.get("title", ""))
    if pagename == "index":
        doctree = app.env.get_doctree(page)
    words = promise(doctree) if doctree else ""
    tags = {
        "og:title": app.config.html_title if is_front else title,
        "og:type": "website",
    }
    tags |= {"og:site_name": app.config.html_title, "og:description": words}
    if address := app.config.html_baseurl:
        tags["og:url"] = urljoin(address, f"{page}.html")
        tags |= {"twitter:card": "summary_large_image"}
        tags |= {
            "og:image": urljoin(address, PREVIEW),
            "og:image:alt": PREVIEW_SAYS,
        }
    lines = [
        f'<meta property="{name}" content="{escape(text)}" />'
        for name, text in tags.items()
        if text
    ]
    if words:
        lines.append(f'<meta name="description" content="{escape(words)}" />')
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(lines)
    context["report_address"] = report_address(app.config, title)


def report_address(config, title):
    """Return where to report a slip of a page, if the repository is on a known host."""
    url = config.html_theme_options.get("repository_url", "").rstrip("/")
    return f"{url}/issues/new?{urlencode({'title': f'A slip in {title}'})}" if url else ""


def draw_preview(path):
    """Draw the picture of a preview, 1200 by 630 pixels: the two maps of the front page."""
    from matplotlib.figure import Figure

    from companion import datasets, plotting

    counties, ends = front.tenths()
    shapes, states = (
        datasets.load_county_shapes(),
        datasets.load_state_shapes(),
    )
    figure = Figure(figsize=(12, 6.3), dpi=100)
    axes = figure.subplots(1, 2)
    figure.subplots_adjust(0.02, 0.02, 0.98, 0.8, wspace=0.02)
    for ax, (name, mask) in zip(axes, ends.items(), strict=True):
        marks = mask.set_axis(counties["fips"]).astype(float).reindex(shapes["fips"])
        plotting.county_map(
            ax,
            shapes["path"],
            marks,
            states["path"],
            cmap="Greys",
            clim=(0, 1.2),
        )
        ax.set_title(f"kidney cancer: the {name} rates", fontsize=16)
    figure.suptitle("What the Data Hide", fontsize=34, y=0.95)
    figure.savefig(path, metadata={"Software": None})


def finish(app, error):
    """Write what stands beside the pages: the preview, the site map, what robots may read."""
    if error or app.builder.format != "html":
        return
    out, address = Path(app.outdir), app.config.html_baseurl
    draw_preview(out / PREVIEW)
    robots = ["User-agent: *", "Allow: /"]
    if address:
        urls = ET.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
        for page in sorted(app.env.found_docs):
            ET.SubElement(ET.SubElement(urls, "url"), "loc").text = urljoin(address, f"{page}.html")
        ET.indent(urls)
        ET.ElementTree(urls).write(out / "sitemap.xml", "utf-8", xml_declaration=True)
        robots.append(f"Sitemap: {urljoin(address, 'sitemap.xml')}")
    (out / "robots.txt").write_text("\n".join(robots) + "\n", encoding="utf-8")


def setup(app):
    """Describe each page when it is written, and the site at the end."""
    app.setup_extension("notfound.extension")
    app.connect("config-inited", find_address, priority=400)
    app.connect("html-page-context", describe, priority=900)
    app.connect("build-finished", finish)
    app.config.html_additional_pages["index"] = "root.html"
    return {"parallel_read_safe": True}
