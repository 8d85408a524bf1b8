// The message field: commands to choose from, replies and edits, keyboards that a bot offers.

import { element } from "/page/format.js";
import { excerpt } from "/page/message.js";

const byId = (id) => document.getElementById(id);

// Who types on has not asked yet.
const PAUSE_MS = 250;

export class Composer {
  constructor(actions) {
    this.actions = actions;
    this.input = byId("input");
    this.list = byId("completion");
    this.reference = byId("reference");
    this.commands = [];
    this.chosen = 0;
    this.replyTo = null;
    this.editing = null;
    this.keyboard = null;
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    byId("menu").addEventListener("click", () => this.toggleMenu());
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".foot")) this.hideList();
    });
  }

  // What the current chat offers: commands, and the keyboard of the newest message that has one.
  // Where nothing was said yet, there is one button to begin with.
  offer(commands, messages) {
    this.commands = commands;
    byId("menu").hidden = commands.length === 0;
    const newest = messages.findLast((message) => message.reply_keyboard);
    const offered = newest?.reply_keyboard.keyboard ? newest.reply_keyboard : null;
    const keyboard = messages.length ? offered : { keyboard: [["/start"]] };
    const key = JSON.stringify(keyboard);
    if (key === this.keyboard) return;
    this.keyboard = key;
    const holder = byId("reply-keyboard");
    holder.hidden = !keyboard;
    holder.replaceChildren(
      ...(keyboard?.keyboard ?? []).map((row) =>
        element("div", "keyboard-row", ...row.map((button) => this.offered(button.text ?? String(button)))),
      ),
    );
    this.input.placeholder = keyboard?.input_field_placeholder || "Message";
  }

  offered(text) {
    const made = element("button", "key", element("span", "", text));
    made.type = "button";
    made.addEventListener("click", () => this.actions.send(text));
    return made;
  }

  clear() {
    this.input.value = "";
    this.stopReference();
    this.changed();
  }

  submit() {
    const text = this.input.value.trim();
    if (!text) return;
    if (this.editing) this.actions.edit(this.editing, text);
    else this.actions.send(text, this.replyTo);
    this.clear();
    this.input.focus();
  }

  startReply(message) {
    this.stopReference();
    this.replyTo = message.message_id;
    this.showReference(`Reply to ${message.from === this.actions.me() ? "yourself" : message.name}`, message);
  }

  startEdit(message) {
    this.stopReference();
    this.editing = message.message_id;
    this.input.value = message.text;
    this.showReference("Edit", message);
    this.changed();
    this.hideList();
  }

  showReference(title, message) {
    const close = element("button", "icon-button", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Cancel");
    close.addEventListener("click", () => this.clear());
    this.reference.replaceChildren(
      element("div", "quotation", element("strong", "", title), element("span", "", excerpt(message))),
      close,
    );
    this.reference.hidden = false;
    this.input.focus();
  }

  stopReference() {
    this.replyTo = null;
    this.editing = null;
    this.reference.hidden = true;
  }

  changed() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
    byId("send").disabled = !this.input.value.trim();
    clearTimeout(this.asking);
    const asked = /^@(\w+)\s+(.*)$/.exec(this.input.value);
    if (asked && asked[1] === this.actions.botName()) {
      this.asking = setTimeout(() => this.askInline(asked[2]), PAUSE_MS);
      return;
    }
    const typed = /^\/(\w*)$/.exec(this.input.value);
    if (typed) this.showList(this.commands.filter(({ command }) => command.startsWith(typed[1].toLowerCase())));
    else this.hideList();
  }

  // What the bot offers in any chat to who types its name; a choice sends it.
  async askInline(query) {
    const written = this.input.value;
    const { id, results } = await this.actions.inline(query);
    if (this.input.value !== written) return;
    this.list.hidden = !results?.length;
    this.chosen = -1;
    this.list.replaceChildren(...(results ?? []).map((result) => this.inlineChoice(id, result)));
  }

  inlineChoice(id, result) {
    const made = element("li", "", element("strong", "", result.title), element("span", "", result.description ?? ""));
    made.setAttribute("role", "option");
    made.addEventListener("mousedown", (event) => event.preventDefault());
    made.addEventListener("click", () => {
      this.clear();
      this.actions.choose(id, result.id);
    });
    return made;
  }

  toggleMenu() {
    if (!this.list.hidden) this.hideList();
    else this.showList(this.commands);
    this.input.focus();
  }

  showList(commands) {
    this.list.hidden = commands.length === 0;
    this.chosen = 0;
    this.list.replaceChildren(...commands.map((command, index) => this.choice(command, index)));
    byId("menu").setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark();
  }

  choice({ command, description }, index) {
    const made = element("li", "", element("strong", "", `/${command}`), element("span", "", description));
    made.id = `command-${index}`;
    made.setAttribute("role", "option");
    // The field must keep the focus, or the list would close before the click.
    made.addEventListener("mousedown", (event) => event.preventDefault());
    made.addEventListener("click", () => this.take(command, true));
    return made;
  }

  hideList() {
    this.list.hidden = true;
    byId("menu").setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  mark() {
    for (const [index, item] of [...this.list.children].entries()) {
      const chosen = index === this.chosen;
      item.setAttribute("aria-selected", String(chosen));
      if (!chosen) continue;
      this.input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }
  }

  take(command, send) {
    this.hideList();
    if (send) {
      this.clear();
      this.actions.send(`/${command}`);
    } else {
      this.input.value = `/${command} `;
      this.changed();
    }
    this.input.focus();
  }

  pressed(event) {
    if (event.isComposing) return;
    if (!this.list.hidden && this.chosen >= 0 && this.pressedInList(event)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") {
      this.clear();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      const own = this.actions.lastOwn();
      if (own) {
        event.preventDefault();
        this.startEdit(own);
      }
    }
  }

  // Enter sends the chosen command at once, Tab only writes it, to add words behind it.
  pressedInList(event) {
    const items = this.list.children;
    const command = items[this.chosen]?.firstChild.textContent.slice(1);
    switch (event.key) {
      case "ArrowDown":
        this.chosen = (this.chosen + 1) % items.length;
        break;
      case "ArrowUp":
        this.chosen = (this.chosen + items.length - 1) % items.length;
        break;
      case "Enter":
        this.take(command, true);
        return true;
      case "Tab":
        this.take(command, false);
        return true;
      case "Escape":
        this.hideList();
        return true;
      default:
        return false;
    }
    this.mark();
    return true;
  }
}
