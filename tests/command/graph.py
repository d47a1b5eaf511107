#!/usr/bin/env python3
"""Compares a drawn training graph (FILE.dot, FILE.svg) with the unrolled configuration of CONFIG.yaml, done here anew.

A state is spelled by how it came about: u0, p(u0), r(|p(u0)) where `|` is a cut. Configurations are those of Trainax's own loops.
usage: graph.py CONFIG.yaml FILE.dot FILE.svg
"""
import collections
import re
import sys
import xml.etree.ElementTree as xml

import yaml


def cut(state, when):
    return "|" + state if when and not state.startswith("|") else state


def bptt(config, state, done):
    return cut(state, config.get("cut_bptt", False) and done % config.get("cut_bptt_every", 1) == 0)


def weights(config, name, count):
    rule = config.get(name)
    if rule is None:
        return [1.0] * count
    if isinstance(rule, list):
        return [float(w) for w in rule]
    if rule == "last_only" or rule.get("type") == "last_only":
        return [0.0] * (count - 1) + [1.0]
    if rule["type"] == "exponential":
        return [rule["rate"] ** t for t in range(count)]
    raise SystemExit(f"a rule of weights that this test does not know: {rule}")


def supervised(c, steps, others=0):
    p = "u0"
    for t, w in enumerate(weights(c, "time_level_weights", steps + others)):
        p = f"{'p' if t < steps else 'r'}({p})"
        yield w, p, f"u{t + 1}"
        p = bptt(c, p, t + 1) if t < steps else p


def mix_chain_post_physics(c, steps):
    return supervised(c, steps, c.get("num_post_physics_steps", 1))


def branch_one(c, steps):
    p = "u0"
    for t, w in enumerate(weights(c, "time_level_weights", steps)):
        r = cut(f"r({p})", c.get("cut_div_chain", False))
        p = f"p({p})"
        yield w, p, r
        p = bptt(c, p, t + 1)


def diverted_chain(c, steps):
    branch = c.get("num_branch_steps", 1)
    main, outer = "u0", weights(c, "time_level_weights", steps)
    for t in range(steps - branch + 1):
        p, r = main, cut(main, c.get("cut_div_chain", False))
        for b, w in enumerate(weights(c, "branch_level_weights", branch)):
            p, r = f"p({p})", f"r({r})"
            yield outer[t] * w, p, r
            p = bptt(c, p, t + b + 1)
        main = bptt(c, f"p({main})", t + 1)


def residuum(c, steps):
    p = "u0"
    for t, w in enumerate(weights(c, "time_level_weights", steps)):
        q = f"p({p})"
        yield w, f"R({cut(q, c.get('cut_next', False))}, {cut(p, c.get('cut_prev', False))})", None
        p = bptt(c, q, t + 1)


def composite(c, steps):
    factors = c.get("weights") or [part.get("weight", 1) for part in c["configurations"]]
    for factor, part in zip(factors, c["configurations"]):
        for w, p, t in unroll(part):
            yield factor * w, p, t


def unroll(c):
    build = {"diverted_chain_branch_one": branch_one}.get(c["type"]) or globals().get(c["type"])
    for w, p, t in build(c, c.get("num_rollout_steps", 1)):
        if w:
            yield w, p, t


def expected(config):
    count = collections.Counter()
    for w, *compared in unroll(config):
        count[(f"{w:.6g}", *compared)] += 1
    return count


def drawn(path):
    text = open(path).read()
    letter = dict(re.findall(r"^  (s\d+) \[label=<(.*?)<sub>", text, re.M))
    level = dict(re.findall(r"^  (s\d+) .*<sub>(\d+)</sub>", text, re.M))
    weight = dict(re.findall(r'^  (l\d+) \[label="(\S+) loss"', text, re.M))
    arrows = collections.defaultdict(list)
    for begin, end, rest in re.findall(r"^  (s\d+) -> ([sl]\d+) \[(.*)\];", text, re.M):
        arrows[end].append((begin, "style=dashed" in rest))

    def spelled(state):
        inside = ", ".join(cut(spelled(begin), dashed) for begin, dashed in arrows[state])
        return f"{letter[state]}({inside})" if inside else letter[state] + level[state]

    terms = collections.Counter()
    for term, w in weight.items():
        compared = [cut(spelled(begin), dashed) for begin, dashed in arrows[term]]
        terms[(w, *compared, *[None] * (2 - len(compared)))] += 1
    return terms, letter, sum(dashed for end in arrows.values() for _, dashed in end)


def near(point, line):
    """How far a point is from a line between two points, but for its ends."""
    begin, end = (complex(float(line.get("x" + k)), float(line.get("y" + k))) for k in "12")
    along = (point - begin) / (end - begin)
    return abs(point - begin - min(max(along.real, 0.0), 1.0) * (end - begin)) if 0.02 < along.real < 0.98 else 1e9


def check_readable(root, name, places, boxes):
    """No line goes through a state, no arrow along a row through a loss."""
    lines = [line for line in root.iter(name + "line") if line.get("x1")]
    for x, y in places:
        for line in lines:
            assert near(complex(float(x), float(y)), line) > 19, f"a line through the state at {x}, {y}"
    for line in (line for line in lines if line.get("y1") == line.get("y2") and line.get("class").split()[0] != "term"):
        assert all(near(complex(x + 11, y + 11), line) > 11 for x, y in boxes), "an arrow through a loss"


def check_svg(path, letter, terms, cuts):
    root = xml.parse(path).getroot()
    name = "{http://www.w3.org/2000/svg}"
    circles = [c for c in root.iter(name + "circle") if c.get("r") != "9"]  # the legend's are smaller
    places = {(c.get("cx"), c.get("cy")) for c in circles}
    boxes = [(float(r.get("x")), float(r.get("y"))) for r in root.iter(name + "rect") if r.get("x")]
    dashed = sum("cut" in line.get("class", "").split() for kind in ("line", "path") for line in root.iter(name + kind))
    width, height = (float(root.get(key)) for key in ("width", "height"))
    assert len(circles) == len(places) == len(letter), "states in the SVG"
    assert len(boxes) == terms and len(set(boxes)) == len(boxes), "losses in the SVG"
    assert dashed == cuts, "cuts in the SVG"
    for x, y in places:
        assert 19 <= float(x) <= width - 19 and 19 <= float(y) <= height - 19, "a state outside of the picture"
    check_readable(root, name, places, boxes)


def main():
    with open(sys.argv[1]) as file:
        want = expected(yaml.safe_load(file)["trainer"])
    have, letter, cuts = drawn(sys.argv[2])
    if have != want:
        raise SystemExit(f"{sys.argv[1]}: drawn but not there: {dict(have - want)}; not drawn: {dict(want - have)}")
    check_svg(sys.argv[3], letter, sum(have.values()), cuts)


main()
