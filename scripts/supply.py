#!/usr/bin/env python3
"""What of other people's code is in the product, and under which terms.

supply.py check    licences, sources and second versions by deny.toml; by deps.allow, which crates each tool links; and
                   that of ours only crates/sd-sys may hold unsafe code
supply.py bless    writes deps.allow anew from what is linked now: the difference is to be looked at, and committed
supply.py sbom     prints a CycloneDX list of all that the tools are made of

Needs cargo and nothing else; the network only for crates that are not there yet. Advisories are `just deny`'s: they need
a database that grows. 0: all is well; 65: something is not, and what to do is said.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOW = ROOT / "deps.allow"
# What is linked differs by processor, a little; the list is of this one wherever it is checked.
TARGET = "x86_64-unknown-linux-gnu"
BUILD = "(build)"
HEAD = """\
# Which crates each tool links, theirs and ours; behind `(build)` those that only run while the tools are built. Checked by
# `just check`. To let a tool link one more: CONTRIBUTING.md, "Adding a dependency"; then `scripts/supply.py bless`, and
# look at the difference. A line `never` is written by hand, and stays.
"""


def cargo(*arguments):
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"supply.py: cargo {arguments[0]} failed:\n{done.stderr}")
    return done.stdout


def tools():
    return sorted(path.name for path in (ROOT / "tools").iterdir() if (path / "Cargo.toml").is_file())


def tree(*selection):
    """Names and versions of what is selected, itself included."""
    lines = cargo("tree", "--locked", "--target", TARGET, "--prefix", "none", *selection).splitlines()
    return {(name, version[1:]) for name, version, *_ in (line.split() for line in lines if line)}


class Linked:
    """Which crates are linked by which tool."""

    def __init__(self):
        self.of = {tool: tree("-p", tool, "-e", "normal,no-proc-macro") for tool in tools()}
        linked = set().union(*self.of.values())
        every = set().union(*(tree("-p", tool, "-e", "normal,build") for tool in tools()))
        self.of[BUILD] = every - linked
        self.every = every

    def lines(self):
        """As deps.allow has it: a crate, and who links it."""
        by_crate = {}
        for tool, crates in self.of.items():
            for name, _ in crates:
                by_crate.setdefault(name, set()).add(tool)
        return {name: sorted(by) for name, by in sorted(by_crate.items()) if name not in self.of}


def allowed():
    """deps.allow: who may link what, and who never."""
    may, never = {}, []
    for number, line in enumerate(ALLOW.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, by = line.partition(":")
        if not colon:
            sys.exit(f"deps.allow:{number}: not `crate: tool …`")
        if name.startswith("never "):
            never.append((name.split()[1:], by.split()))
        else:
            may[name.strip()] = by.split()
    return may, never


def check_linked(linked):
    may, never = allowed()
    wrong, now = [], linked.lines()
    for name, by in now.items():
        more = sorted(set(by) - set(may.get(name, [])))
        if more:
            roads = cargo("tree", "--locked", "--target", TARGET, "-i", name, "-e", "normal", "--depth", "2", "--prefix", "depth") \
                if more != [BUILD] and sum(crate == name for crate, _ in linked.every) == 1 else ""
            road = "; by way of " + ", ".join(sorted({line[1:].split()[0] for line in roads.splitlines() if line[:1] == "1"})) if roads else ""
            wrong.append(f"deps.allow: {name} is linked by {', '.join(more)}, which may not{road}")
    for name, by in may.items():
        less = sorted(set(by) - set(now.get(name, [])))
        if less:
            wrong.append(f"deps.allow: {name} is no longer linked by {', '.join(less)}: good; take it out of the list")
    for names, by in never:
        for tool in by:
            here = sorted({name for name, _ in linked.of.get(tool, ())} & set(names))
            if here:
                wrong.append(f"{tool} links {', '.join(here)}, which it never may (deps.allow says so by `never`): do without")
    if wrong:
        wrong.append("what to do: think whether it is needed (CONTRIBUTING.md, \"Adding a dependency\"); if so: scripts/supply.py bless")
    counts = ", ".join(f"{tool} {len(crates) - 1}" for tool, crates in linked.of.items() if tool != BUILD)
    print(f"supply: crates beside itself: {counts}; {len(linked.of[BUILD])} only while building")
    return wrong


def bless(linked):
    kept = [line for line in (ALLOW.read_text().splitlines() if ALLOW.exists() else []) if line.startswith("never ")]
    lines = [f"{name}: {' '.join(by)}" for name, by in linked.lines().items()]
    ALLOW.write_text(HEAD + "\n" + "".join(line + "\n" for line in kept) + ("\n" if kept else "") + "\n".join(lines) + "\n")


def metadata():
    said = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET))
    return {(package["name"], package["version"]): package for package in said["packages"]}, said


def permits(expression, allow):
    """Whether an SPDX expression (or cargo's old `A/B`) can be met by the allowed licences."""
    words = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either():
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one():
        word = words.pop(0)
        if word == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            words.pop(0)
            word += " WITH " + words.pop(0)
        return word in allow

    return either() and not words


def check_terms(linked):
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    packages, _ = metadata()
    wrong = []
    ours = {name for name, package in packages.items() if package["source"] is None}
    excepted = {entry["crate"]: set(entry["allow"]) for entry in rules["licenses"].get("exceptions", [])}
    for crate in sorted(linked.every):
        package = packages[crate]
        allow = set(rules["licenses"]["allow"]) | excepted.get(crate[0], set())
        if not permits(package["license"] or "none", allow):
            wrong.append(f"deny.toml: {crate[0]} {crate[1]} is under {package['license']}, which is not among the licences that are allowed")
        source = package["source"]
        # As cargo-deny takes it where nothing else is said: crates.io, and what lies in this checkout.
        if source is not None and source != "registry+https://github.com/rust-lang/crates.io-index":
            wrong.append(f"deny.toml: {crate[0]} comes from {source}, which is no known registry")
        if source is None and crate not in ours:
            wrong.append(f"{crate[0]} comes from nowhere")
    skipped = {entry["crate"].split("@")[0].split(":")[0] for entry in rules["bans"].get("skip", [])}
    versions = {}
    for name, version in linked.every:
        versions.setdefault(name, set()).add(version)
    twice = {name for name, those in versions.items() if len(those) > 1}
    for name in sorted(twice - skipped):
        wrong.append(f"deny.toml: {name} is there in the versions {', '.join(sorted(versions[name]))}: update what asks for the old one, "
                     "or say in [bans] skip why that cannot be")
    for name in sorted(skipped - twice):
        wrong.append(f"deny.toml: {name} is there once only: good; take it out of [bans] skip")
    # A whole crate, or one version of it.
    there = versions.keys() | {f"{name}@{version}" for name, those in versions.items() for version in those}
    for entry in rules["bans"].get("deny", []):
        if entry["crate"] in there:
            wrong.append(f"deny.toml: {entry['crate']} is banned there{': ' + entry['reason'] if 'reason' in entry else ''}")
    return wrong


def sbom(linked):
    packages, said = metadata()
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    sums = {(package["name"], package["version"]): package.get("checksum") for package in lock}
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    by_id = {package["id"]: crate for crate, package in packages.items()}

    def ref(crate):
        return f"pkg:cargo/{crate[0]}@{crate[1]}"

    def component(crate):
        package, by = packages[crate], sorted(tool for tool, crates in linked.of.items() if crate in crates)
        there = {
            "type": "application" if crate[0] in linked.of else "library",
            "bom-ref": ref(crate),
            "name": crate[0],
            "version": crate[1],
            "scope": "excluded" if by == [BUILD] else "required",
            "licenses": [{"expression": (package["license"] or "NOASSERTION").replace("/", " OR ")}],
            "properties": [{"name": "secrets-dispatcher:linked-by", "value": " ".join(by)}],
        }
        if package["source"] is not None:
            there["purl"] = ref(crate)
        if sums.get(crate):
            there["hashes"] = [{"alg": "SHA-256", "content": sums[crate]}]
        return there

    edges = {by_id[node["id"]]: sorted({ref(by_id[d["pkg"]]) for d in node["deps"] if by_id[d["pkg"]] in linked.every
                                        and any(kind["kind"] != "dev" for kind in d["dep_kinds"])})
             for node in said["resolve"]["nodes"]}
    product = {"type": "application", "bom-ref": "secrets-dispatcher", "name": "secrets-dispatcher", "version": version,
               "licenses": [{"expression": "MIT OR Apache-2.0"}]}
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": product},
        "components": [component(crate) for crate in sorted(linked.every)],
        "dependencies": [{"ref": "secrets-dispatcher", "dependsOn": sorted(ref(crate) for crate in linked.every if crate[0] in linked.of)}]
        + [{"ref": ref(crate), "dependsOn": edges.get(crate, [])} for crate in sorted(linked.every)],
    }
    if "SOURCE_DATE_EPOCH" in os.environ:
        from datetime import datetime, timezone
        moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
        whole["metadata"]["timestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    # Of its content: the same things have the same list.
    whole["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(whole, sort_keys=True)).urn
    return whole


def check_sbom(whole, linked):
    """What a reader of the list counts on."""
    wrong = []
    refs = {component["bom-ref"] for component in whole["components"]}
    for component in whole["components"]:
        if "purl" in component and "hashes" not in component:
            wrong.append(f"the SBOM has no checksum of {component['name']}")
    for node in whole["dependencies"]:
        missing = set(node["dependsOn"]) - refs
        if missing:
            wrong.append(f"the SBOM lacks {', '.join(sorted(missing))}")
    if len(refs) != len(linked.every):
        wrong.append("the SBOM has not every crate, or one twice")
    return wrong


def check_fuzz():
    """The fuzzer is built of what the product is built of."""
    def versions(path):
        found = {}
        for package in tomllib.loads((ROOT / path).read_text())["package"]:
            found.setdefault(package["name"], set()).add(package["version"])
        return found

    ours, fuzz = versions("Cargo.lock"), versions("fuzz/Cargo.lock")
    return [f"fuzz/Cargo.lock has {name} {', '.join(sorted(fuzz[name] - ours[name]))}, which Cargo.lock has not: "
            "cp Cargo.lock fuzz/Cargo.lock; scripts/fuzz.sh --build"
            for name in sorted(fuzz.keys() & ours.keys()) if not fuzz[name] <= ours[name]]


def check_unsafe():
    """Unsafe code is in the quarry only."""
    roots = [root for kind in ("crates", "tools") for root in sorted(ROOT.glob(f"{kind}/*/src/*.rs")) if root.name in ("lib.rs", "main.rs")]
    quarry = ROOT / "crates/sd-sys/src/lib.rs"
    return [f"{root.relative_to(ROOT)} does not say #![forbid(unsafe_code)]"
            for root in roots if root != quarry and "#![forbid(unsafe_code)]" not in root.read_text()]


def main():
    what = sys.argv[1:]
    if what not in (["check"], ["bless"], ["sbom"]):
        print(__doc__, file=sys.stderr)
        return 64
    linked = Linked()
    if what == ["bless"]:
        bless(linked)
        return 0
    whole = sbom(linked)
    if what == ["sbom"]:
        print(json.dumps(whole, indent=1, sort_keys=True))
        return 0
    wrong = check_linked(linked) + check_terms(linked) + check_sbom(whole, linked) + check_unsafe() + check_fuzz()
    for line in wrong:
        print(f"supply: {line}", file=sys.stderr)
    return 65 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
