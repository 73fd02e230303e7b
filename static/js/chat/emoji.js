/** A small fixed set of emoji, by shortcode. The system's own picker has the rest. */

/** @typedef {{from: number, matches: [string, string][], chosen: number}} Completion */

const SET = `smile 😄 grin 😁 joy 😂 rofl 🤣 blush 😊 wink 😉 heart_eyes 😍 kiss 😘 yum 😋 cool 😎 thinking 🤔 neutral 😐
smirk 😏 roll_eyes 🙄 relieved 😌 sleepy 😪 sad 😢 sob 😭 angry 😠 scream 😱 sweat_smile 😅 confused 😕 worried 😟 shrug 🤷
facepalm 🤦 wave 👋 thumbsup 👍 thumbsdown 👎 ok 👌 clap 👏 pray 🙏 muscle 💪 point_up ☝️ handshake 🤝 raised_hands 🙌 fingers_crossed 🤞
heart ❤️ broken_heart 💔 fire 🔥 sparkles ✨ tada 🎉 star ⭐ rocket 🚀 bulb 💡 check ✅ cross ❌ warning ⚠️ question ❓
eyes 👀 coffee ☕ cake 🎂 gift 🎁 sun ☀️ rainbow 🌈 phone 📞 mail ✉️ lock 🔒 key 🔑 hourglass ⏳ bug 🐛`;

/** @type {[string, string][]} */
export const EMOJI = SET.split('\n').flatMap((line) => {
  const parts = line.split(' ');
  return parts.flatMap((part, i) => (i % 2 ? [] : [/** @type {[string, string]} */ ([part, parts[i + 1] ?? ''])]));
});

/**
 * What could be meant by the `:shortcode` that ends at the caret.
 * @param {string} text
 * @param {number} caret
 * @returns {Completion | null}
 */
export function completionAt(text, caret) {
  const typed = /(?:^|[\s(])(:([a-z_]{2,})(:?))$/.exec(text.slice(0, caret));
  if (!typed) return null;
  const [, whole = '', query = '', closed] = typed;
  const matches = EMOJI.filter(([name]) => (closed ? name === query : name.includes(query)));
  matches.sort(([a], [b]) => Number(b.startsWith(query)) - Number(a.startsWith(query)));
  return matches.length ? {from: caret - whole.length, matches: matches.slice(0, 6), chosen: closed ? -1 : 0} : null;
}
