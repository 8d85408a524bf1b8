// Turns a message's HTML into elements. Only Telegram's own tags come through, and each attribute
// is read and checked by name: whatever else a message holds stays text.

const PLAIN = {
  B: "b",
  STRONG: "b",
  I: "i",
  EM: "i",
  U: "u",
  INS: "u",
  S: "s",
  DEL: "s",
  STRIKE: "s",
};
const BLOCKS = ["BLOCKQUOTE", "PRE"];
const COMMAND_OR_LINK = /(?<![\w/<>@.])\/[a-z]\w{0,31}(?:@\w{3,32})?(?![\w/])|https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}']/gi;

export function element(name, classes = "", ...children) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function icon(path, classes = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  if (classes) svg.setAttribute("class", classes);
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

export function formatted(html, actions) {
  const source = new DOMParser().parseFromString(html, "text/html").body;
  const target = document.createDocumentFragment();
  copyChildren(source, target, actions, false);
  return target;
}

function copyChildren(source, target, actions, literal) {
  for (const node of source.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      if (literal) target.append(node.data);
      else addText(besideBlocks(node), target, actions);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      target.append(copyElement(node, actions, literal));
    }
  }
}

// A quotation or a block of code stands on lines of its own: the line break beside it is not one more.
function besideBlocks(node) {
  let text = node.data;
  if (BLOCKS.includes(node.previousSibling?.tagName)) text = text.replace(/^\n/, "");
  if (BLOCKS.includes(node.nextSibling?.tagName)) text = text.replace(/\n$/, "");
  return text;
}

function copyElement(node, actions, literal) {
  const maker = SPECIAL[node.tagName];
  const made = maker ? maker(node, actions) : element(PLAIN[node.tagName] ?? "span");
  const inside = literal || ["CODE", "PRE", "A"].includes(node.tagName);
  copyChildren(node, made.inner ?? made, actions, inside);
  return made.outer ?? made;
}

function addText(text, target, actions) {
  let from = 0;
  for (const match of text.matchAll(COMMAND_OR_LINK)) {
    target.append(text.slice(from, match.index));
    target.append(match[0].startsWith("/") ? command(match[0], actions) : link(match[0]));
    target.lastChild.append(match[0]);
    from = match.index + match[0].length;
  }
  target.append(text.slice(from));
}

function command(text, actions) {
  const made = element("button", "command");
  made.type = "button";
  made.addEventListener("click", () => actions.send(text));
  return made;
}

function link(address) {
  const made = element("a");
  if (/^(https?|tg|mailto|tel):/i.test(address)) made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function spoiler() {
  const made = element("span", "spoiler");
  const reveal = () => made.classList.add("open");
  made.tabIndex = 0;
  made.setAttribute("role", "button");
  made.setAttribute("aria-label", "Hidden text, press to show");
  made.addEventListener("click", reveal);
  made.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      reveal();
    }
  });
  return made;
}

function quote(node) {
  const made = element("blockquote");
  if (!node.hasAttribute("expandable")) return made;
  const inner = element("div", "folded");
  const toggle = element("button", "unfold");
  toggle.type = "button";
  toggle.append(icon("M6 9l6 6 6-6"));
  toggle.setAttribute("aria-label", "Show all");
  toggle.setAttribute("aria-expanded", "false");
  toggle.addEventListener("click", () => {
    const open = made.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
  });
  made.classList.add("expandable");
  made.append(inner, toggle);
  return { outer: made, inner };
}

function code(node, actions) {
  const language = /^language-([\w+#.-]{1,32})$/.exec(node.className)?.[1];
  if (node.parentElement?.tagName === "PRE") {
    const made = element("code");
    if (language) made.dataset.language = language;
    return made;
  }
  const made = element("code", "copyable");
  made.tabIndex = 0;
  made.setAttribute("role", "button");
  made.title = "Copy";
  const copy = () => actions.copy(made.textContent);
  made.addEventListener("click", copy);
  made.addEventListener("keydown", (event) => {
    if (event.key === "Enter") copy();
  });
  return made;
}

function moment(node) {
  const seconds = Number(node.getAttribute("unix"));
  const made = element("time", "moment");
  if (!Number.isFinite(seconds)) return made;
  const when = new Date(seconds * 1000);
  made.dateTime = when.toISOString();
  made.title = when.toLocaleString([], { dateStyle: "full", timeStyle: "long" });
  const text = writtenTime(when, node.getAttribute("format") ?? "");
  if (!text) return made;
  made.append(text);
  return { outer: made, inner: document.createDocumentFragment() };
}

export function writtenTime(when, format) {
  if (format === "r") return relativeTime(when);
  const options = {};
  if (format.includes("w")) options.weekday = "long";
  if (format.includes("d")) Object.assign(options, { day: "numeric", month: "numeric", year: "numeric" });
  if (format.includes("D")) Object.assign(options, { day: "numeric", month: "long", year: "numeric" });
  if (/t/i.test(format)) Object.assign(options, { hour: "2-digit", minute: "2-digit" });
  if (format.includes("T")) options.second = "2-digit";
  return Object.keys(options).length ? new Intl.DateTimeFormat([], options).format(when) : "";
}

function relativeTime(when) {
  const seconds = (when.getTime() - Date.now()) / 1000;
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units[3];
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

const SPECIAL = {
  A: (node) => link(node.getAttribute("href") ?? ""),
  BLOCKQUOTE: quote,
  CODE: code,
  PRE: () => element("pre"),
  "TG-SPOILER": spoiler,
  "TG-TIME": moment,
};
