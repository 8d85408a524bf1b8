// The chat page: one person's chats, kept up to date by the server's events.

import { Composer } from "/page/composer.js";
import { element } from "/page/format.js";
import { excerpt, renderMessage, timeOf } from "/page/message.js";
import { alertBox, avatar, banner, copyText, ring, toast, viewPicture } from "/page/notify.js";

const byId = (id) => document.getElementById(id);
const WAITING_MS = 15000;
const ACTIONS = { typing: "typing", upload_photo: "sending a picture", upload_document: "sending a file" };

const asked = new URLSearchParams(location.search);
const state = {
  me: Number(asked.get("user")) || 1001,
  bot: asked.get("bot"),
  users: [],
  chats: new Map(),
  current: Number(asked.get("chat")) || null,
  topic: null,
  waiting: new Map(),
  unseen: 0,
  atEnd: true,
  height: 0,
  ring: false,
};
let events = null;

const actions = {
  me: () => state.me,
  send: (text, replyTo = null) =>
    post("send", { text, chat_id: state.current, reply_to: replyTo, thread_id: state.topic }).then(() => toEnd()),
  edit: (message_id, text) => post("edit", { text, message_id, chat_id: state.current }),
  reply: (message) => composer.startReply(message),
  botName: () => state.botUser?.username ?? "",
  inline: (query) => post("inline", { query }),
  choose: (id, result) => post("choose", { id, result, chat_id: state.current }).then(() => toEnd()),
  lastOwn: () => shown().findLast((message) => message.from === state.me && !message.service),
  show: showMessage,
  view: viewPicture,
  copy: copyText,
  tap,
};
const composer = new Composer(actions);

async function post(what, body) {
  const response = await fetch(`/page/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...body, user_id: state.me, bot: state.bot }),
  }).catch(() => null);
  const answer = response ? await response.json() : { error: "The server cannot be reached" };
  if (answer.error) toast(answer.error, "trouble");
  return answer;
}

// Events

function listen() {
  events?.close();
  const address = new URLSearchParams({ user: state.me });
  if (state.bot) address.set("bot", state.bot);
  events = new EventSource(`/page/events?${address}`);
  events.onopen = () => connection("online");
  events.onerror = () => connection("connecting…");
  events.onmessage = (event) => receive(JSON.parse(event.data));
}

function connection(text) {
  byId("connection").textContent = text;
  byId("connection").classList.toggle("good", text === "online");
}

function receive(news) {
  const first = news.reset;
  if (first) state.chats.clear();
  state.users = news.users;
  state.botUser = news.bot;
  const changed = new Map();
  for (const row of news.chats) changed.set(row.chat_id, takeChat(row, first));
  if (!state.chats.has(state.current)) openChat(news.chats[0]?.chat_id ?? null);
  else if (first) renderChat();
  else if (changed.has(state.current)) updateChat(changed.get(state.current));
  renderPeople();
  renderChats();
  document.documentElement.dataset.ready = "yes";
}

function takeChat(row, first) {
  const chat = state.chats.get(row.chat_id) ?? { messages: new Map(), unread: 0 };
  state.chats.set(row.chat_id, chat);
  const fresh = row.messages.filter(({ message_id }) => !chat.messages.has(message_id));
  for (const message of row.messages) chat.messages.set(message.message_id, message);
  for (const id of row.removed) chat.messages.delete(id);
  const { messages, removed, answers, ...head } = row;
  Object.assign(chat, head);
  for (const answer of answers) showAnswer(answer);
  if (!first) for (const message of fresh) notice(chat, message);
  return { messages, removed, fresh: new Set(fresh.map(({ message_id }) => message_id)) };
}

// A message that comes in: count it, and ring or stay silent as the bot wished.
function notice(chat, message) {
  if (message.from === state.me || message.service) return;
  const open = chat.chat_id === state.current && !document.hidden && !listShown();
  if (!open) {
    chat.unread += 1;
    if (!message.silent && chat.chat_id !== state.current) banner(chat, message, () => openChat(chat.chat_id));
  }
  if (!message.silent && state.ring) ring();
}

function listShown() {
  return byId("app").classList.contains("list") && matchMedia("(max-width: 720px)").matches;
}

// The list of people and chats

function renderPeople() {
  const row = byId("people");
  const focused = row.contains(document.activeElement) ? document.activeElement.dataset.user : null;
  const people = state.users.map((user) => {
    const made = element("button", "person", avatar(user.first_name, user.id), element("span", "", user.first_name));
    made.type = "button";
    made.dataset.user = user.id;
    made.setAttribute("role", "radio");
    made.setAttribute("aria-checked", String(user.id === state.me));
    made.addEventListener("click", () => switchTo(user.id));
    return made;
  });
  const plus = element("span", "avatar plus", "+");
  const other = element("button", "person", plus, element("span", "", "Other"));
  other.type = "button";
  other.addEventListener("click", () => byId("newcomer").showModal());
  row.replaceChildren(...people, other);
  row.querySelector(`[data-user="${focused}"]`)?.focus();
  const me = state.users.find(({ id }) => id === state.me);
  byId("me").replaceChildren(avatar(me?.first_name ?? "?", state.me));
  byId("me").setAttribute("aria-label", `You are ${me?.first_name}. Switch person`);
}

function renderChats() {
  const chats = [...state.chats.values()].filter((chat) => !chat.migrated_to);
  const list = byId("chats");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.chat : null;
  const newest = (chat) => [...chat.messages.values()].at(-1);
  chats.sort((a, b) => (newest(b)?.date ?? 0) - (newest(a)?.date ?? 0));
  list.replaceChildren(...chats.map((chat) => element("li", "", chatRow(chat, newest(chat)))));
  list.querySelector(`[data-chat="${focused}"]`)?.focus();
  const unread = chats.reduce((sum, chat) => sum + chat.unread, 0);
  const title = state.chats.get(state.current)?.title ?? "Chat";
  document.title = unread ? `(${unread}) ${title}` : title;
}

function chatRow(chat, last) {
  const made = element(
    "button",
    "chat-row",
    avatar(chat.title, chat.type === "private" ? "bot" : chat.chat_id),
    element(
      "span",
      "chat-words",
      element("span", "line", element("strong", "", chat.title), element("time", "faint", last ? timeOf(last.date) : "")),
      element(
        "span",
        "line",
        element("span", "faint last", last ? `${whose(chat, last)}${excerpt(last)}` : "No messages yet"),
        chat.unread ? element("span", "badge", String(chat.unread)) : null,
      ),
    ),
  );
  made.type = "button";
  made.dataset.chat = chat.chat_id;
  if (chat.chat_id === state.current) made.setAttribute("aria-current", "true");
  made.addEventListener("click", () => openChat(chat.chat_id));
  return made;
}

function whose(chat, message) {
  if (message.from === state.me) return "You: ";
  return chat.type === "private" ? "" : `${message.name}: `;
}

function switchTo(user) {
  state.me = user;
  state.current = null;
  state.chats.clear();
  remember();
  listen();
}

function remember() {
  const address = new URLSearchParams(location.search);
  address.set("user", state.me);
  if (state.current) address.set("chat", state.current);
  else address.delete("chat");
  history.replaceState(null, "", `?${address}`);
}

// The open chat

function openChat(chatId) {
  state.current = chatId;
  state.topic = null;
  if (chatId !== null) state.chats.get(chatId).unread = 0;
  byId("app").classList.remove("list");
  composer.clear();
  remember();
  renderChat();
  renderChats();
}

function shown() {
  const chat = state.chats.get(state.current);
  if (!chat) return [];
  const all = [...chat.messages.values()].sort((a, b) => a.message_id - b.message_id);
  return state.topic === null ? all : all.filter((message) => message.thread_id === state.topic);
}

function context() {
  const chat = state.chats.get(state.current);
  return { me: state.me, group: chat.type !== "private", messages: chat.messages, waiting: state.waiting, actions };
}

function renderChat() {
  const chat = state.chats.get(state.current);
  byId("log").replaceChildren();
  if (!chat) return;
  renderHead(chat);
  byId("log").append(...shown().map((message) => renderMessage(message, context())));
  arrangeLog();
  toEnd(false);
}

function renderHead(chat) {
  chat.unread = document.hidden ? chat.unread : 0;
  const face = avatar(chat.title, chat.type === "private" ? "bot" : chat.chat_id);
  face.id = "chat-avatar";
  byId("chat-avatar").replaceWith(face);
  byId("chat-name").textContent = chat.title;
  const doing = ACTIONS[chat.action] ?? chat.action?.replaceAll("_", " ");
  const status = chat.type === "private" ? "bot" : `${chat.members.length} people and a bot`;
  byId("chat-status").textContent = chat.blocked ? "stopped" : doing ? `${doing}…` : status;
  byId("chat-status").classList.toggle("doing", Boolean(doing));
  clearTimeout(chat.timer);
  if (doing) chat.timer = setTimeout(() => renderHead(Object.assign(chat, { action: null })), 5000);
  renderTopics(chat);
  composer.offer(chat.commands, shown());
}

function renderTopics(chat) {
  const topics = Object.entries(chat.topics);
  byId("topics").hidden = topics.length === 0;
  byId("topics").replaceChildren(
    ...[[null, "All"], ...topics].map(([number, name]) => {
      const id = number === null ? null : Number(number);
      const made = element("button", "topic", name);
      made.type = "button";
      made.setAttribute("role", "tab");
      made.setAttribute("aria-selected", String(id === state.topic));
      made.addEventListener("click", () => {
        state.topic = id;
        renderChat();
      });
      return made;
    }),
  );
}

function updateChat({ messages, removed, fresh }) {
  const chat = state.chats.get(state.current);
  const log = byId("log");
  const atEnd = nearEnd();
  for (const id of removed) byId(`message-${id}`)?.remove();
  const visible = new Set(shown().map(({ message_id }) => message_id));
  for (const message of messages) {
    const old = byId(`message-${message.message_id}`);
    if (!visible.has(message.message_id)) continue;
    const made = renderMessage(message, context());
    if (old) {
      old.replaceWith(made);
      continue;
    }
    made.classList.toggle("arriving", fresh.has(message.message_id));
    log.append(made);
    if (message.from !== state.me && !atEnd) state.unseen += 1;
  }
  arrangeLog();
  renderHead(chat);
  if (atEnd) toEnd();
  else marksUnseen();
}

// Sets the dates between the messages, and which bubbles of one sender stand together.
function arrangeLog() {
  const log = byId("log");
  for (const day of log.querySelectorAll(".day")) day.remove();
  let before = null;
  for (const item of [...log.children]) {
    const day = item.dataset.day;
    if (day && day !== before?.day) item.before(element("div", "day", element("span", "", day)));
    const follows = before && before.day === day && before.from === item.dataset.from;
    item.classList.toggle("follows", Boolean(follows));
    before?.item.classList.toggle("leads", Boolean(follows));
    before = { item, day: day ?? before?.day, from: item.dataset.from };
  }
  before?.item.classList.remove("leads");
  log.dataset.empty = String(log.children.length === 0);
  log.dataset.hint = state.botUser?.description || "No messages yet";
}

// What loads late or grows must not push the newest message out of sight.
const growth = new ResizeObserver(() => {
  if (state.atEnd) toEnd(false);
});
growth.observe(byId("log"));
growth.observe(byId("scroll"));

function nearEnd() {
  const scroll = byId("scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
}

function toEnd(smooth = true) {
  const scroll = byId("scroll");
  scroll.scrollTo({ top: scroll.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  state.unseen = 0;
  state.atEnd = true;
  marksUnseen();
}

function marksUnseen() {
  byId("down").hidden = nearEnd() && state.unseen === 0;
  byId("down").dataset.count = state.unseen || "";
}

function showMessage(id) {
  const found = byId(`message-${id}`);
  found?.scrollIntoView({ block: "center", behavior: "smooth" });
  found?.classList.remove("found");
  requestAnimationFrame(() => found?.classList.add("found"));
}

// Taps and their answers

async function tap(message, button) {
  if (button.url) {
    window.open(button.url, "_blank", "noopener");
    return;
  }
  if (button.copy_text !== undefined) {
    copyText(button.copy_text);
    return;
  }
  const data = button.callback_data ?? button.text;
  setWaiting(message.message_id, data);
  setTimeout(() => setWaiting(message.message_id, null, data), WAITING_MS);
  const answer = await post("tap", { message_id: message.message_id, chat_id: state.current, button: data });
  if (answer.error) setWaiting(message.message_id, null);
}

function setWaiting(id, data, only = null) {
  if (only !== null && state.waiting.get(id) !== only) return;
  if (data === null) state.waiting.delete(id);
  else state.waiting.set(id, data);
  const message = state.chats.get(state.current)?.messages.get(id);
  const old = byId(`message-${id}`);
  if (!message || !old) return;
  for (const [index, key] of [...old.querySelectorAll(".keyboard .key")].entries()) {
    key.classList.toggle("waiting", data !== null && message.buttons.flat()[index]?.callback_data === data);
  }
}

function showAnswer(answer) {
  setWaiting(answer.message_id, null);
  if (answer.url) window.open(answer.url, "_blank", "noopener");
  if (!answer.text) return;
  if (answer.alert) alertBox(answer.text);
  else toast(answer.text);
}

// Everything that waits for a hand

byId("down").addEventListener("click", () => toEnd());
byId("scroll").addEventListener("scroll", () => {
  const { scrollHeight } = byId("scroll");
  // A picture that has just loaded scrolls too; only the person leaves the end.
  if (scrollHeight === state.height) state.atEnd = nearEnd();
  state.height = scrollHeight;
  if (state.atEnd) state.unseen = 0;
  marksUnseen();
});
byId("back").addEventListener("click", () => byId("app").classList.add("list"));
byId("me").addEventListener("click", () => {
  byId("app").classList.add("list");
  byId("people").querySelector('[aria-checked="true"]')?.focus();
});
byId("ring").addEventListener("click", (event) => {
  state.ring = !state.ring;
  event.currentTarget.setAttribute("aria-pressed", String(state.ring));
  if (state.ring) ring();
});
byId("viewer").addEventListener("click", () => byId("viewer").close());
byId("newcomer-cancel").addEventListener("click", () => byId("newcomer").close());
byId("newcomer-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const id = Number(byId("newcomer-id").value);
  const first_name = byId("newcomer-name").value.trim();
  if (first_name) {
    await fetch("/control/users", { method: "POST", body: JSON.stringify({ id, first_name }) });
  }
  byId("newcomer").close();
  switchTo(id);
});
document.addEventListener("visibilitychange", () => {
  const chat = state.chats.get(state.current);
  if (document.hidden || !chat) return;
  chat.unread = 0;
  renderChats();
});

listen();
