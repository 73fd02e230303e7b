/** The launcher's look. The frame's content has its own. */
export const STYLE = `
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset-block-end:0!important;inset-inline-end:0!important}
:host([hidden]){display:none!important}
*{box-sizing:border-box;font:400 14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
button{margin:0;padding:0;border:0;background:none;color:inherit;cursor:pointer;text-align:start}
[hidden]{display:none!important}
:focus-visible{outline:2px solid #156cdd;outline-offset:2px;box-shadow:0 0 0 2px #fff}
.launcher{position:fixed;inset-block-end:var(--y);inset-inline:auto var(--x);display:grid;place-items:center;inline-size:60px;block-size:60px;border-radius:50%;background:var(--brand);color:var(--on);box-shadow:0 0 0 1px rgb(255 255 255/.12),0 2px 6px rgb(0 0 0/.12),0 8px 28px rgb(0 0 0/.2);transition:scale .18s ease-out,box-shadow .18s}
.start .launcher,.start .frame,.start .preview{inset-inline:var(--x) auto}
.launcher:hover{scale:1.05}.launcher:active{scale:.96}
.launcher svg{grid-area:1/1;inline-size:28px;block-size:28px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round;transition:opacity .18s,rotate .18s,scale .18s}
.launcher svg+svg,.launcher[aria-expanded=true] svg:first-child{opacity:0;rotate:-45deg;scale:.6}
.launcher[aria-expanded=true] svg+svg{opacity:1;rotate:none;scale:1}
.badge{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-inline-size:22px;padding-inline:6px;border-radius:11px;background:#c51e21;color:#fff;font-size:12px;font-weight:600;line-height:22px;text-align:center;box-shadow:0 0 0 2px #fff}
.frame{position:fixed;inset-block-end:calc(var(--y) + 76px);inset-inline:auto var(--x);inline-size:400px;max-inline-size:calc(100vw - 2*var(--x));block-size:min(704px,calc(100vh - var(--y) - 96px));border:0;border-radius:16px;background:#fff;color-scheme:normal;box-shadow:0 0 0 1px rgb(0 0 0/.06),0 12px 48px rgb(0 0 0/.22);animation:rise .2s ease-out}
.preview{position:fixed;inset-block-end:calc(var(--y) + 76px);inset-inline:auto var(--x);display:flex;align-items:start;inline-size:min(320px,calc(100vw - 2*var(--x)));border-radius:14px;background:#fff;color:#1b2025;box-shadow:0 0 0 1px rgb(0 0 0/.06),0 8px 32px rgb(0 0 0/.18);animation:rise .2s ease-out}
.preview .message{display:flex;flex:1;gap:12px;align-items:start;min-inline-size:0;padding:14px;border-radius:14px}
.preview .who{flex:none;display:grid;place-items:center;inline-size:34px;block-size:34px;border-radius:50%;background:var(--brand);color:var(--on);font-weight:600}
.preview b{display:block;font-weight:600}
.preview .text{display:-webkit-box;overflow:hidden;color:#4a5157;overflow-wrap:anywhere;-webkit-line-clamp:2;-webkit-box-orient:vertical}
.preview .dismiss{flex:none;inline-size:32px;block-size:32px;margin:6px;border-radius:50%;color:#5b6269;text-align:center;font-size:20px;line-height:30px}
.preview .dismiss:hover{background:#edf0f4}
@keyframes rise{from{opacity:0;translate:0 12px}}
@media(prefers-color-scheme:dark){.frame{background:#14171b}.preview{background:#1e2226;color:#e5e8eb;box-shadow:0 0 0 1px rgb(255 255 255/.1),0 8px 32px rgb(0 0 0/.6)}.preview .text{color:#b0b5b9}.preview .dismiss{color:#b0b5b9}.preview .dismiss:hover{background:#24282d}}
@media(max-width:600px){.launcher{inline-size:50px;block-size:50px}.launcher[aria-expanded=true]{display:none}.frame,.start .frame{inset:var(--top,0) 0 auto;inline-size:100%;max-inline-size:none;block-size:var(--height,100dvh);border-radius:0}.preview,.frame{--gap:66px}}
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
@media(forced-colors:active){.launcher,.preview,.frame{border:1px solid CanvasText}}
@media print{:host{display:none!important}}
`.replace(/\n/g, '');
