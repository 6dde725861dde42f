"""How a dossier looks: like a paper for a court, on a screen,
a phone and a sheet of A4. Light only: it is printed."""

from __future__ import annotations

_SHEET = """
:root{--ink:#1b1f24;--soft:#4b525c;--line:#d5d7da;--text:'Vazirmatn','Noto Sans','Noto Naskh Arabic','DejaVu Sans',
system-ui,sans-serif}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.6 var(--text)}
main,footer{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding:2.5rem 0 .5rem;border-bottom:2px solid var(--ink);margin-bottom:1.5rem}
h1{font-size:2rem;line-height:1.2;margin:0 0 .5rem;text-wrap:balance}
h2{font-size:1.35rem;line-height:1.3;margin:2.5rem 0 .75rem;break-after:avoid}
h3{font-size:1.08rem;margin:1.75rem 0 .4rem;break-after:avoid}
h4{font-size:1rem;margin:1rem 0 .3rem;break-after:avoid}
p{margin:.5rem 0}
a{color:#005a8c}
.window{font-size:1.05rem;font-weight:600}
.soft,small,figcaption{color:var(--soft);font-size:.875rem}
.lead{font-size:1.15rem;line-height:1.5}
.caution{border-inline-start:4px solid #8c6100;padding:.35rem .9rem;background:#faf6ec}
.banner{background:#fff3c4;border-bottom:3px solid #8c6100;padding:.7rem 1.25rem;text-align:center;font-size:.95rem}
nav ol{columns:2;font-size:.9rem;margin:.75rem 0;padding-inline-start:1.4rem}
.glance{display:table;table-layout:fixed;width:100%;border-spacing:.6rem 0;margin:1.25rem 0}
.glance div{display:table-cell;vertical-align:top;border:1px solid var(--line);border-top:4px solid var(--ink);
padding:.6rem .8rem}
.glance dt{color:var(--soft);font-size:.85rem}
.glance dd{margin:.15rem 0 0;font-size:1.1rem;font-weight:650;line-height:1.35}
figure{margin:1rem 0;break-inside:avoid}
[dir=rtl] ol{list-style:persian}
figure .chart{break-inside:avoid}
.wide{overflow-x:auto;margin:.75rem 0}
.wide:focus-visible{outline:2px solid #005a8c}
table{border-collapse:collapse;width:100%;font-size:.84rem;line-height:1.45}
caption{text-align:start;color:var(--soft);font-weight:600;padding-bottom:.25rem}
th,td{text-align:start;vertical-align:top;padding:.3rem .6rem .3rem 0;border-top:1px solid var(--line)}
[dir=rtl] th,[dir=rtl] td{padding:.3rem 0 .3rem .6rem}
thead th{color:var(--soft);font-weight:600;border-top:0}
tbody th{font-weight:500}
tr{break-inside:avoid}
.numbers td,.numbers th{white-space:nowrap}
td small,li small{font-size:.95em}
.said{font-weight:600}
code{font:.82em/1.4 'DejaVu Sans Mono',ui-monospace,monospace;overflow-wrap:anywhere;unicode-bidi:isolate}
pre{background:#f0f1f2;padding:.7rem .9rem;overflow-x:auto;font:.85rem/1.4 'DejaVu Sans Mono',ui-monospace,monospace;
text-align:left}
ul{padding-inline-start:1.3rem}
.legend{list-style:none;padding:0;font-size:.9rem}
.legend li{display:inline-block;margin-inline-end:1.2rem}
article{border-top:1px solid var(--line)}
.exhibit{border:1px solid var(--line);padding:.4rem .9rem .6rem;margin:.9rem 0;break-inside:avoid}
.exhibit td span{color:var(--soft)}
.steps caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.bar{display:inline-block;height:.7em;width:calc(9rem*var(--of));background:#005a8c;vertical-align:baseline}
.broke td:nth-child(3){white-space:nowrap}
.holds-ruled_out{color:#007857}.holds-unlikely{color:#716b1f}.holds-open{color:#ad4c00}
footer{border-top:1px solid var(--line);margin-top:3rem;padding-bottom:2rem;color:var(--soft);font-size:.875rem}
@media screen and (max-width:600px){.glance,.glance div{display:block}.glance div{margin-bottom:.5rem}h1{
font-size:1.5rem}.lead{font-size:1.05rem}nav ol{columns:1}header{padding-top:1.25rem}}
@page{size:A4;margin:18mm 15mm 18mm;@top-center{content:"RUNNING";font:600 9pt 'DejaVu Sans',sans-serif;color:#8c6100}
@bottom-center{content:counter(page, STYLE) " / " counter(pages, STYLE);font:8pt 'DejaVu Sans',sans-serif;
color:#4b525c}}
@media print{body{font-size:10pt}main,footer{max-width:none;padding:0}.wide{overflow:visible}header{padding-top:0}
nav{display:none}
.lead{font-size:11pt;line-height:1.4}.glance dd{font-size:11pt}.banner{padding:.4rem .8rem}h1{font-size:20pt}h2{
font-size:14pt}table{font-size:8pt}.numbers{font-size:7.5pt}}
"""


def sheet(running: str, *, rtl: bool) -> str:
    """`running`: stands at the head of every printed page. `rtl`: pages are counted in Persian digits."""
    safe = running.replace("\\", "").replace('"', "").replace("<", "")
    return _SHEET.replace("RUNNING", safe).replace("STYLE", "persian" if rtl else "decimal")
