"""Builds static/dist: bundles with hashed names, a manifest, and .gz and .br beside them.

tools/dev.py runs it, with the Python of .venv.

The manifest maps a source to what a page needs of it:
    {"static/js/chat/main.js": {"file": "chat-2MTYP7QV.js", "imports": ["shared-GLMF7UGH.js"]}}
where `imports` are all chunks that load with it, for <link rel="modulepreload">.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import brotli

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "static" / "dist"
BUILDING = ROOT / "static" / "dist.new"
LOADER = "static/js/loader/loader.js"
COMMON = ["--bundle", "--minify", "--log-level=warning", "--legal-comments=external", f"--outdir={BUILDING}"]
HASHED = [
    "--entry-names=[name]-[hash]",
    "--chunk-names=shared-[hash]",
    "--asset-names=[name]-[hash]",
    "--loader:.svg=file",
    "--loader:.woff2=file",
]
MODULES = ["--format=esm", "--splitting", *HASHED]
COMPRESSED = {".js", ".css", ".svg", ".map"}


def debugging() -> bool:
    """Source maps are for whoever works on it; they are not shipped."""
    return os.environ.get("DEBUG", "").lower() not in ("", "0", "false", "no")


def esbuild(entries: dict[str, str], *options: str) -> dict:
    """Bundle the entry points that exist; returns the outputs that esbuild describes."""
    present = [f"{name}={source}" for name, source in entries.items() if (ROOT / source).exists()]
    if not present:
        return {}
    program = next((ROOT / "node_modules/@esbuild").glob("*/bin/esbuild*"))  # native, needs no node
    meta = BUILDING / "meta.json"
    maps = ["--sourcemap"] if debugging() else []
    subprocess.run([program, *present, *COMMON, *maps, *options, f"--metafile={meta}"], cwd=ROOT, check=True)
    outputs = json.loads(meta.read_text())["outputs"]
    meta.unlink()
    return {Path(path).name: output for path, output in outputs.items()}


def bundle() -> dict:
    """All bundles. Customers bring older browsers than agents, visitors of other sites the oldest."""
    styles = {name: f"static/css/{name}.css" for name in ("chat", "agent", "pages", "now")}
    return {
        **esbuild({"chat": "static/js/chat/main.js"}, *MODULES, "--target=es2020"),
        **esbuild({"agent": "static/js/agent/main.js"}, *MODULES, "--target=es2022"),
        **esbuild(
            {"now": "static/js/now/main.js", "health": "static/js/health/main.js"},
            *MODULES,
            "--target=es2020",
        ),
        **esbuild({"pages": "static/js/pages/main.js"}, *MODULES, "--target=es2022"),
        **esbuild(styles, *HASHED, "--target=es2022,chrome100,firefox100,safari15.4"),
        **esbuild({"loader": LOADER}, "--format=iife", "--target=es2018"),
    }


def chunks(outputs: dict, name: str, found: list[str]) -> list[str]:
    """The chunks that load together with an output, and theirs; not those imported on demand."""
    for imported in outputs[name]["imports"]:
        chunk = Path(imported["path"]).name
        if imported["kind"] == "import-statement" and chunk in outputs and chunk not in found:
            found.append(chunk)
            chunks(outputs, chunk, found)
    return found


def manifest(outputs: dict) -> dict:
    """What the server needs to know, by source path."""
    return {
        output["entryPoint"]: {"file": name, "imports": chunks(outputs, name, [])}
        for name, output in sorted(outputs.items())
        if output.get("entryPoint")
    }


def compress(path: Path) -> None:
    """Write .gz and .br beside a file, where they are smaller."""
    content = path.read_bytes()
    for suffix, packed in ((".gz", gzip.compress(content, 9, mtime=0)), (".br", brotli.compress(content))):
        if len(packed) < len(content):
            path.with_name(path.name + suffix).write_bytes(packed)


def main() -> None:
    """Build beside the old folder and change over at the end: a failed build leaves the old one in place."""
    shutil.rmtree(BUILDING, ignore_errors=True)
    BUILDING.mkdir(parents=True)
    try:
        outputs = bundle()
    except subprocess.CalledProcessError:
        shutil.rmtree(BUILDING)
        sys.exit("assets: esbuild failed")
    (BUILDING / "manifest.json").write_text(json.dumps(manifest(outputs), indent=1) + "\n")
    for path in sorted(BUILDING.iterdir()):
        if path.suffix in COMPRESSED:
            compress(path)
    shutil.rmtree(DIST, ignore_errors=True)  # a stale .br beside a new file would be served for it
    BUILDING.rename(DIST)


if __name__ == "__main__":
    main()
