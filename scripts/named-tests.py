#!/usr/bin/env python3
"""Holds docs/promises.md and docs/known-attacks.md against the tests: whatever test they name must be one, where they say.

A row of a table whose header ends with `test` names at least one test (a name in backticks with two underscores or more),
or a script, or says in so many words that there is none: *not promised*, *not tested*, *later*. A test that stands
behind the name of a crate or a tool is looked for there; one behind *whole chain*, *container*, *vt ring*, or a ring's letter in
test-harness. 0: all there; 65: not, each with its line.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ["docs/promises.md", "docs/known-attacks.md"]
NONE = ("not promised", "not tested", "later", "*pending*")
CHAIN = ("whole chain", "container", "vt ring", "vm ring", "root ring", "clients ring")


def tests():
    """Where each test is: its name, and the crates and tools that have one of that name."""
    found = {}
    for folder in [*(ROOT / "crates").iterdir(), *(ROOT / "tools").iterdir(), ROOT / "test-harness", ROOT / "man"]:
        for path in folder.rglob("*.rs"):
            text = path.read_text()
            # With its attributes before it; those of proptest! look the same.
            for name in re.findall(r"#\[test\]\s*(?:#\[[^\n]*\]\s*)*(?://[^\n]*\s*)*(?:async )?fn ([a-z0-9_]+)", text):
                found.setdefault(name, set()).add(folder.name)
    # Made by macros: a name is enough.
    for path in [*(ROOT / "test-harness").rglob("*.rs"), *(ROOT / "crates/sd-wire/tests").rglob("*.rs")]:
        for name in re.findall(r"^\s*([a-z0-9_]+(?:_[a-z0-9]+){3,})\s*(?::|,|=>|\{)", path.read_text(), re.M):
            found.setdefault(name, set()).add("test-harness")
    return found


def rows(path):
    """The rows of the tables about tests: line number, text, its last cell."""
    last = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")] if line.startswith("|") else None
        if cells is None:
            last = None
        elif last is None:
            last = cells[-1].endswith("test")
        elif last and not set(line) <= set("|- :"):
            yield number, line, cells[-1]


def main():
    known, wrong, named = tests(), [], set()
    places = {folder.name for kind in ("crates", "tools") for folder in (ROOT / kind).iterdir()} | {"test-harness", "sd-pages"}
    for doc in DOCS:
        for number, line, cell in rows(ROOT / doc):
            names, where = [], None
            for word in re.finditer(r"`([^`]+)`|\b(sd-[a-z-]+|sdctl|test-harness)\b|(whole chain|container|vt ring|vm ring|root ring|clients ring)|\b([prcvk]) (?:[a-z_]+ )?(?=`)", cell):
                quoted, place, ring, letter = word.groups()
                if place and place in places:
                    where = place
                elif ring or letter:
                    where = "test-harness"
                elif quoted and re.fullmatch(r"[a-z0-9_:]+", quoted) and quoted.count("_") >= 2:
                    names.append(quoted.split("::")[-1])
                    here = known.get(names[-1])
                    if here is None:
                        wrong.append(f"{doc}:{number}: there is no test {names[-1]}")
                    elif where and where not in here:
                        wrong.append(f"{doc}:{number}: {names[-1]} is a test of {', '.join(sorted(here))}, not of {where}")
            named |= set(names)
            if not names and not re.search(r"`[^`]*\.(sh|py|rs|c)`", cell) and not any(word in line.lower() for word in NONE):
                wrong.append(f"{doc}:{number}: no test, and nothing that says so")
    for line in wrong:
        print(f"named-tests: {line}", file=sys.stderr)
    print(f"named-tests: {len(named)} tests are named by the promises and the known attacks")
    return 65 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
