/** Which ink reads on a colour, by WCAG's relative luminance; the server decides by the same rule. */

const FAINT = 3;

/** @param {string} colour `#rrggbb` */
export function luminance(colour) {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {string} colour */
export function readableOn(colour) {
  const light = luminance(colour) + 0.05;
  return 1.05 / light >= light / 0.05 ? '#ffffff' : '#000000';
}

/** Whether it hardly shows on white. @param {string} colour */
export function isFaint(colour) {
  return 1.05 / (luminance(colour) + 0.05) < FAINT;
}
