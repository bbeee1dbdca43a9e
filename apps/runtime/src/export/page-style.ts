/** The style sheet of the page: no font, image or script; light and dark as the reader's system has it. */

/** CSS as one text; the page's policy names its hash. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--text:#1f2328;--faint:#59636e;--back:#fff;--raised:#f6f8fa;--line:#d1d9e0;--link:#0550ae;
--ok:#1a7f37;--refused:#9a6700;--failed:#cf222e;--added:#dafbe1;--removed:#ffebe9;--hunk:#0550ae}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--faint:#9198a1;--back:#0d1117;--raised:#151b23;--line:#3d444d;--link:#79c0ff;
--ok:#3fb950;--refused:#d29922;--failed:#f85149;--added:#12351f;--removed:#43191c;--hunk:#79c0ff}}
*{box-sizing:border-box}
body{margin:0;font:14px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back)}
header,main,footer{max-width:72rem;margin:0 auto;padding:1rem 1.25rem}
h1{font-size:1.35rem;margin:0 0 .25rem;overflow-wrap:anywhere;unicode-bidi:isolate}
.faint,footer{color:var(--faint)}
.facts{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:.5rem 0}
fieldset{border:1px solid var(--line);border-radius:6px;margin:.75rem 0 0;padding:.25rem .75rem .5rem;display:flex;flex-wrap:wrap;gap:0 1.25rem}
legend{color:var(--faint)}
details,.note,.message{border:1px solid var(--line);border-radius:6px;margin:.35rem 0;background:var(--raised);content-visibility:auto;contain-intrinsic-size:auto 2.2rem}
summary{display:grid;grid-template-columns:3.5rem 1.25rem 5.5rem 9rem minmax(0,1fr) auto;gap:.5rem;padding:.35rem .75rem;cursor:pointer;align-items:baseline}
summary::marker{content:""}
summary:focus-visible{outline:2px solid var(--link);outline-offset:-2px;border-radius:6px}
summary span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}
.n,.t{color:var(--faint);font-variant-numeric:tabular-nums}
.n{text-align:right}
.tool{font-weight:600}
.ok .m{color:var(--ok)}.refused .m,.interrupted .m,.running .m{color:var(--refused)}.failed .m{color:var(--failed)}
.body{padding:.25rem .75rem .75rem;border-top:1px solid var(--line);background:var(--back);border-radius:0 0 6px 6px}
.body h2{font-size:.8rem;color:var(--faint);margin:.75rem 0 .25rem;font-weight:600}
pre{margin:0;padding:.5rem .75rem;border:1px solid var(--line);border-radius:6px;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;direction:ltr}
pre.command::before{content:"$ ";color:var(--faint)}
pre.diff{padding:.5rem 0}
.diff span{display:block;padding:0 .75rem;unicode-bidi:isolate}
.diff .a{background:var(--added)}.diff .d{background:var(--removed)}.diff .r{color:var(--hunk)}.diff .h{font-weight:600}
.note,.message{padding:.35rem .75rem;overflow-wrap:anywhere;unicode-bidi:isolate}
.note{border-style:dashed;color:var(--faint)}
.message{border-left:4px solid var(--link)}
.undone>summary .s{text-decoration:line-through}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15rem 1rem;margin:.5rem 0 0}
dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere;unicode-bidi:isolate}
#only-trouble:checked~main .ok,#only-changes:checked~main :is(details:not(.changes),.message,.note){display:none}
.choice{position:absolute;left:-100vw}
nav{max-width:72rem;margin:0 auto;padding:0 1.25rem;display:flex;gap:.5rem}
nav label{border:1px solid var(--line);border-radius:2rem;padding:.1rem .75rem;cursor:pointer}
#all:checked~nav [for=all],#only-trouble:checked~nav [for=only-trouble],#only-changes:checked~nav [for=only-changes]{background:var(--link);color:var(--back);border-color:var(--link)}
#all:focus-visible~nav [for=all],#only-trouble:focus-visible~nav [for=only-trouble],#only-changes:focus-visible~nav [for=only-changes]{outline:2px solid var(--link);outline-offset:2px}
@media (max-width:48rem){summary{grid-template-columns:2.5rem 1.25rem minmax(0,1fr) auto}summary .t,summary .s{display:none}}
@media print{nav{display:none}details{content-visibility:visible;break-inside:avoid}}
`;
