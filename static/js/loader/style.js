/** The launcher's look. The frame's content has its own. Every byte here is on every page view, line ends too. */
export const STYLE = `\
:host{all:initial!important}\
*{box-sizing:border-box;font:400 14px/1.45 system-ui,sans-serif}\
button{all:unset;cursor:pointer}\
[hidden]{display:none!important}\
:focus-visible{outline:auto;outline-offset:2px}\
.launcher,.frame,.preview{position:fixed;z-index:2147483000;inset-block-end:calc(var(--y) + 76px);inset-inline:auto var(--x);border:1px solid transparent;box-shadow:0 4px 32px rgb(0 0 0/.24)}\
.start *{inset-inline:var(--x) auto}\
.launcher{inset-block-end:var(--y);display:grid;place-items:center;inline-size:60px;block-size:60px;border-radius:50%;background:var(--brand);color:var(--on)}\
svg{inline-size:28px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}\
.launcher .badge{position:absolute;inset-block-start:-5px;inset-inline:auto -5px;min-inline-size:22px;padding-inline:6px;border-radius:11px;background:#c51e21;color:#fff;font-size:12px;font-weight:600;line-height:22px;text-align:center}\
.frame,.preview{background:Canvas;color:CanvasText;color-scheme:light dark;border-radius:16px}\
.frame{color-scheme:normal;inline-size:400px;max-inline-size:calc(100vw - 2*var(--x));block-size:min(704px,calc(100vh - var(--y) - 96px))}\
.preview{display:flex;align-items:start;inline-size:320px;max-inline-size:calc(100vw - 2*var(--x))}\
.message{flex:1;min-inline-size:0;padding:14px;border-radius:16px}\
b{display:block;font-weight:600}\
.message span{display:block;max-block-size:40px;overflow:hidden;overflow-wrap:anywhere}\
.dismiss{inline-size:32px;margin:6px;border-radius:50%;text-align:center;font-size:20px}\
@media(max-width:600px){.launcher{inline-size:50px;block-size:50px}.launcher[aria-expanded=true]{display:none}.frame.frame{inset:var(--top,0) 0 auto;inline-size:100%;max-inline-size:none;block-size:var(--height,100dvh);border:0;border-radius:0}}\
@media print{*{display:none!important}}\
`;
