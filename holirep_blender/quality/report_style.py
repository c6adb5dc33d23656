# SPDX-License-Identifier: GPL-3.0-or-later
"""How a quality report looks, on a screen and on paper."""

from __future__ import annotations

STYLE = """
:root{--pass:#1f7a3d;--fail:#b3261e;--none:#6b6b6b;--ink:#1d1f22;--soft:#5c6066;--rule:#d9dce0;
--curve:#1b5fa8;--other:#c2760c}
*{box-sizing:border-box}
body{font:14px/1.45 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;max-width:1080px;margin:0 auto;
padding:28px 24px 60px;color:var(--ink);background:#fff;font-variant-numeric:tabular-nums}
h1{font-size:26px;margin:0;overflow-wrap:anywhere}
h2{font-size:18px;margin:34px 0 8px;border-bottom:2px solid var(--ink);padding-bottom:3px}
p{margin:6px 0}.soft{color:var(--soft)}.fine{font-size:12px}
.verdict{display:flex;gap:20px;align-items:center;border:1px solid var(--rule);border-left:8px solid var(--none);
padding:12px 18px;margin:14px 0}
.verdict.pass{border-left-color:var(--pass)}.verdict.fail{border-left-color:var(--fail)}
.verdict .big{font-size:40px;font-weight:700;line-height:1}.verdict p{margin:2px 0}.verdict strong{font-size:16px}
.note{background:#fff4d6;border-left:4px solid #d39500;padding:6px 12px;margin:8px 0}
table{border-collapse:collapse;width:100%;margin:8px 0}
th,td{padding:4px 10px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
td{overflow-wrap:break-word}td.n,th.n{text-align:right;white-space:nowrap}
th{font-weight:600;font-size:12px;color:var(--soft);vertical-align:bottom}
table.fine td{overflow-wrap:anywhere}table.fine td:first-child{width:24%;overflow-wrap:break-word}
table.licences td:nth-child(2){white-space:nowrap}
.pass-word,.fail-word{font-weight:600;white-space:nowrap}.pass-word{color:var(--pass)}.fail-word{color:var(--fail)}
.none-word{color:var(--none)}
ul.figures{margin:0;padding:0;list-style:none;columns:2;column-gap:18px;font-size:12.5px}
ul.figures li{break-inside:avoid}
.bar{width:110px;height:14px;display:block;margin-top:3px}
.plots{display:grid;grid-template-columns:1fr 1fr;gap:10px 22px}.plots figure{margin:0;break-inside:avoid}
figcaption{font-size:12.5px}
svg.plot{display:block;width:100%;height:auto;font:11.5px system-ui,Arial,sans-serif;fill:var(--soft)}
svg.glance{font-size:12.5px}
.curve,.other,.good,.limit,.axis{fill:none}.curve,.other{stroke-linejoin:round;stroke-linecap:round}
.curve{stroke:var(--curve);stroke-width:1.3}.other{stroke:var(--other);stroke-width:1.1}.alone{stroke-width:3}
.good{stroke:var(--pass);stroke-dasharray:2 3}.limit{stroke:var(--fail);stroke-dasharray:6 3}.axis{stroke:#9aa0a6}
rect.bad{fill:#b3261e;opacity:.08}rect.weak{fill:#d39500;opacity:.2}
.key span{display:inline-block;margin-right:16px;white-space:nowrap}
.key i{display:inline-block;width:22px;height:9px;margin-right:5px;vertical-align:middle}
.strip{display:grid;grid-template-columns:repeat(4,1fr);gap:12px}.strip figure{margin:0;break-inside:avoid}
svg.still{display:block;width:100%;height:240px;background:#17181a}
.still path{fill:none;stroke-linecap:round;stroke-linejoin:round}
.tracked,.tracked-line{stroke:#ffd400}.bone{stroke:#29c7ff}.bone-edge{stroke:#00202c;opacity:.7}
.spheres figure{margin:0}.spheres img{max-width:100%;display:block;background:#000}
dl.made{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:6px 0}
dl.made dt{color:var(--soft)}dl.made dd{margin:0;overflow-wrap:anywhere}
@media screen and (max-width:760px){.plots{grid-template-columns:1fr}.strip{grid-template-columns:1fr 1fr}
ul.figures{columns:1}}
@media print{
@page{size:A4;margin:14mm 12mm}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{max-width:none;padding:0;font-size:9.5pt}h1{font-size:17pt}h2{font-size:12.5pt;margin-top:16pt}
h2,.key,.note,h2+p{break-after:avoid}.verdict .big{font-size:28pt}.verdict strong{font-size:11pt}
table{font-size:8.5pt}th,ul.figures,.fine,figcaption{font-size:7.8pt}td,th{padding:3px 8px 3px 0}
tr,.verdict,.note,.plots figure,.strip figure{break-inside:avoid}thead{display:table-header-group}
.plots{gap:6px 14px}.strip{gap:8px}svg.still{height:175px}.bar{width:80px}
}
"""
