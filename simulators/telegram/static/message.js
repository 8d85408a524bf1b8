// One message as a bubble: text, picture or file, marks, buttons.

import { element, formatted, icon } from "/page/format.js";

const ICONS = {
  silent: "M6 16V11a6 6 0 0 1 9-5.2M18 11v5l1.6 2H8M10 20.5a2.2 2.2 0 0 0 4 0M4 4l16 17",
  read: "M3 12.5l4 4L15.5 8M11.5 16l.5.5L20.5 8",
  outside: "M8 16L17 7M10 7h7v7",
  copy: "M9 9h10v10H9zM5 15V5h10",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  reply: "M10 8L5 12.5l5 4.5M5.5 12.5H14a5 5 0 0 1 5 5V19",
};
const SERVICE = {
  migrate_to_chat_id: "The group was upgraded to a supergroup",
  migrate_from_chat_id: "The group was upgraded to a supergroup",
};

export function timeOf(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function dayOf(seconds) {
  const day = new Date(seconds * 1000);
  const today = new Date();
  const between = Math.round((new Date(today).setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
  if (between === 0) return "Today";
  if (between === 1) return "Yesterday";
  const year = day.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return day.toLocaleDateString([], { day: "numeric", month: "long", year });
}

export function excerpt(message) {
  if (message.service) return serviceText(message);
  const words = message.text || message.caption;
  if (words) return words.replace(/\s+/g, " ").slice(0, 120);
  return message.photo ? "Photo" : message.document ?? "";
}

function serviceText(message) {
  const name = Object.keys(message.service).find((key) => SERVICE[key]);
  return SERVICE[name] ?? "Something happened";
}

export function renderMessage(message, context) {
  if (message.service) {
    return element("div", "service", element("span", "", serviceText(message)));
  }
  const own = message.from === context.me;
  const row = element("article", `message ${own ? "own" : "other"}`);
  row.id = `message-${message.message_id}`;
  row.dataset.from = String(message.from);
  row.dataset.day = dayOf(message.date);
  row.setAttribute("aria-label", `${own ? "You" : message.name}, ${timeOf(message.date)}`);
  const bubble = element("div", "bubble");
  if (context.group && !own) {
    const name = element("div", "sender", message.name);
    name.dataset.hue = String(hueOf(message.from));
    bubble.append(name);
  }
  if (message.via) bubble.append(element("div", "via", `via @${message.via}`));
  const quoted = context.messages.get(message.reply_to);
  if (quoted) bubble.append(quotation(quoted, context));
  const words = message.html ? wordsOf(message, context) : null;
  const attached = attachment(message, context);
  const above = message.file?.above;
  if (words && above) bubble.append(element("div", "text", words));
  if (attached) bubble.append(attached);
  bubble.append(element("div", "text", above ? null : words, marks(message, own)));
  bubble.classList.toggle("bare", Boolean(attached && message.photo && !words));
  bubble.classList.toggle("with-photo", message.photo);
  const body = element("div", "body", bubble);
  if (message.buttons.length) body.append(keyboard(message, context));
  row.append(body, replyButton(message, context));
  return row;
}

export function hueOf(who) {
  const text = String(who);
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 6;
  return sum;
}

function wordsOf(message, context) {
  const words = element("div", "words");
  words.append(formatted(message.html, context.actions));
  return words;
}

function quotation(quoted, context) {
  const made = element(
    "button",
    "quotation",
    element("strong", "", quoted.from === context.me ? "You" : quoted.name),
    element("span", "", excerpt(quoted)),
  );
  made.type = "button";
  made.addEventListener("click", () => context.actions.show(quoted.message_id));
  return made;
}

function attachment(message, context) {
  if (!message.file) return null;
  return message.photo ? photo(message, context) : file(message);
}

function photo(message, context) {
  const { url, width, height, spoiler } = message.file;
  const image = element("img");
  image.src = url;
  image.width = width;
  image.height = height;
  image.alt = message.caption ? `Picture: ${message.caption.slice(0, 200)}` : "Picture";
  const made = element("button", spoiler ? "photo hidden-photo" : "photo", image);
  made.type = "button";
  made.addEventListener("click", () => {
    if (made.classList.contains("hidden-photo")) made.classList.remove("hidden-photo");
    else context.actions.view(url, image.alt);
  });
  return made;
}

function file(message) {
  const { url, name, size } = message.file;
  const made = element(
    "a",
    "file",
    element("span", "file-icon", icon(ICONS.file)),
    element("span", "file-name", element("strong", "", name), element("span", "faint", sizeOf(size))),
  );
  made.href = url;
  made.download = name;
  return made;
}

function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function marks(message, own) {
  const made = element("span", "marks");
  if (message.edited) made.append(element("span", "edited", "edited"));
  if (message.silent) {
    const bell = element("span", "mark", icon(ICONS.silent));
    bell.title = "Sent without sound";
    bell.append(element("span", "hidden-text", "Sent without sound"));
    made.append(bell);
  }
  const time = element("time", "", timeOf(message.date));
  time.dateTime = new Date(message.date * 1000).toISOString();
  time.title = new Date(message.date * 1000).toLocaleString();
  made.append(time);
  if (own) made.append(element("span", "mark read", icon(ICONS.read)));
  return made;
}

function keyboard(message, context) {
  const made = element("div", "keyboard");
  for (const buttons of message.buttons) {
    const row = element("div", "keyboard-row");
    for (const button of buttons) row.append(key(message, button, context));
    made.append(row);
  }
  return made;
}

function key(message, button, context) {
  const made = element("button", `key ${button.style ?? ""}`, element("span", "", button.text));
  made.type = "button";
  if (button.url) {
    made.append(icon(ICONS.outside, "corner"));
    made.title = button.url;
  } else if (button.copy_text !== undefined) {
    made.append(icon(ICONS.copy, "corner"));
    made.title = `Copy ${button.copy_text}`;
  } else {
    made.append(element("span", "spinner"));
  }
  const waiting = context.waiting.get(message.message_id);
  if (waiting && waiting === button.callback_data) made.classList.add("waiting");
  made.addEventListener("click", () => context.actions.tap(message, button));
  return made;
}

function replyButton(message, context) {
  const made = element("button", "reply-button", icon(ICONS.reply), element("span", "hidden-text", "Reply"));
  made.type = "button";
  made.title = "Reply";
  made.addEventListener("click", () => context.actions.reply(message));
  return made;
}
