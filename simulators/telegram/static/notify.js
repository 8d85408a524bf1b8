// What comes up and goes away: toasts, alerts, banners, the sound of a message, pictures in full size.

import { element } from "/page/format.js";
import { excerpt, hueOf } from "/page/message.js";

const byId = (id) => document.getElementById(id);

export function alertBox(text) {
  byId("alert-text").textContent = text;
  if (!byId("alert").open) byId("alert").showModal();
}

export function toast(text, kind = "") {
  const made = element("div", `toast ${kind}`, text);
  byId("toasts").append(made);
  setTimeout(() => made.remove(), 4000);
}

export function banner(chat, message, open) {
  const made = element(
    "button",
    "banner",
    avatar(chat.title, chat.type === "private" ? "bot" : chat.chat_id),
    element("span", "chat-words", element("strong", "", chat.title), element("span", "faint last", excerpt(message))),
  );
  made.type = "button";
  made.addEventListener("click", () => {
    made.remove();
    open();
  });
  byId("banners").append(made);
  setTimeout(() => made.remove(), 6000);
}

export function ring() {
  const audio = new AudioContext();
  const loudness = audio.createGain();
  loudness.connect(audio.destination);
  loudness.gain.setValueAtTime(0.08, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.5);
  for (const [pitch, delay] of [[880, 0], [1320, 0.09]]) {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(loudness);
    tone.start(audio.currentTime + delay);
    tone.stop(audio.currentTime + 0.5);
  }
  setTimeout(() => audio.close(), 1000);
}

export function copyText(text) {
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
  copied.then(() => toast("Copied"), () => toast("The browser does not let this page copy", "trouble"));
}

export function viewPicture(url, words) {
  byId("viewer-image").src = url;
  byId("viewer-image").alt = words;
  byId("viewer").showModal();
}

export function avatar(name, who) {
  const made = element("span", "avatar");
  made.setAttribute("aria-hidden", "true");
  if (who === "bot") {
    made.classList.add("bot");
    const face = element("img");
    face.src = "/page/icon.svg";
    face.alt = "";
    made.append(face);
  } else {
    made.dataset.hue = String(hueOf(who));
    made.append(name.slice(0, 1).toUpperCase());
  }
  return made;
}
