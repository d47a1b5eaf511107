#!/usr/bin/env python3
"""A page of scripts/report.py: it is whole, needs nothing else, and has these sections and texts, in the page or its pictures.
usage: report.py PAGE.html SECTIONS_AND_TEXTS
where the latter is a file: lines `# SECTION`, in the page's order, and texts that are somewhere in the page.
"""
import base64
import re
import sys
from html.parser import HTMLParser


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.headings, self.sources, self.text = [], [], [], ""

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "iframe", "object"), tag
        if tag not in ("meta", "img"):
            self.open.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


page = Page()
text = open(sys.argv[1], encoding="utf-8").read()
page.feed(text)
assert not page.open, page.open
assert all(source.startswith("data:image/") for source in page.sources)
assert "http" not in re.sub(r"data:\S+", "", text)
pictures = [base64.b64decode(source.partition(",")[2]).decode() for source in page.sources if source.startswith("data:image/svg")]
shown = page.text + "".join(pictures)
lines = open(sys.argv[2], encoding="utf-8").read().splitlines()
assert page.headings == [line[2:] for line in lines if line.startswith("# ")], page.headings
for line in lines:
    assert line.startswith("# ") or line in shown, line
