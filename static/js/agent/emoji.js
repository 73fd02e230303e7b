/** `:smile:` in a text: a modest set by name. Pure. */

const LIST = `
  smile 😄, grin 😀, joy 😂, laugh 🤣, wink 😉, blush 😊, heart_eyes 😍, kiss 😘, thinking 🤔, neutral 😐, unamused 😒, sad 😢,
  sob 😭, angry 😠, scream 😱, sweat_smile 😅, relieved 😌, sleepy 😴, sunglasses 😎, nerd 🤓, party 🥳, shrug 🤷, facepalm 🤦,
  wave 👋, thumbsup 👍, thumbsdown 👎, ok_hand 👌, clap 👏, pray 🙏, muscle 💪, point_up ☝️, point_right 👉, handshake 🤝,
  raised_hands 🙌, eyes 👀, heart ❤️, broken_heart 💔, sparkles ✨, star ⭐, fire 🔥, tada 🎉, gift 🎁, rocket 🚀, bulb 💡, zap ⚡,
  boom 💥, sun ☀️, rain 🌧️, snow ❄️, rainbow 🌈, coffee ☕, beer 🍺, cake 🍰, pizza 🍕, check ✅, x ❌, warning ⚠️, question ❓,
  exclamation ❗, info ℹ️, lock 🔒, key 🔑, bug 🐛, wrench 🔧, gear ⚙️, package 📦, truck 🚚, plane ✈️, house 🏠, office 🏢,
  phone 📞, email 📧, calendar 📅, clock 🕐, hourglass ⏳, memo 📝, link 🔗, clipboard 📋, chart 📈, money 💰, credit_card 💳,
  receipt 🧾, cart 🛒, tag 🏷️, bell 🔔, mute 🔇, camera 📷, computer 💻, mobile 📱, globe 🌍, flag 🚩, dog 🐶, cat 🐱, 100 💯,
  plus_one 👍`;

/** @type {[string, string][]} */
export const EMOJI = LIST.split(',').map((entry) => /** @type {[string, string]} */ (entry.trim().split(' ')));

const MOST = 6;

/**
 * What the text before the caret begins: `:smi` finds smile; `:smile:` is complete.
 * @param {string} before
 * @returns {{from: number, found: [string, string][], complete: boolean}|null}
 */
export function completion(before) {
  const match = before.match(/(?:^|[\s(])(:([a-z0-9_+]{2,})(:?))$/i);
  if (!match) return null;
  const [, whole = '', typed = '', closing] = match;
  const name = typed.toLowerCase();
  const exact = EMOJI.filter(([known]) => known === name);
  const found = closing
    ? exact
    : [
        ...exact,
        ...EMOJI.filter(([known]) => known !== name && known.startsWith(name)),
        ...EMOJI.filter(([known]) => known.indexOf(name) > 0),
      ];
  return found.length ? {from: before.length - whole.length, found: found.slice(0, MOST), complete: closing === ':'} : null;
}
