"use strict";

// What only works with this script is shown by it.
for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;

// --- the recording beside what was said ------------------------------------------------------------------------------
// Times are milliseconds after the start of the session.

const media = [...document.querySelectorAll("[data-media]")];
const timed = media.filter((one) => one.dataset.from);
const lines = [...document.querySelectorAll("[data-line]")].map((element) => ({
  element,
  from: Number(element.dataset.from),
  to: Number(element.dataset.to || element.dataset.from),
}));

const startOf = (one) => Number(one.dataset.from);

/** The recording in which a time is: the first that covers it. */
function recordingAt(time) {
  return timed.find((one) => startOf(one) <= time && time <= Number(one.dataset.to || Infinity));
}

function jump(line, play) {
  const recording = recordingAt(line.from);
  if (!recording) return;
  for (const other of media) if (other !== recording) other.pause();
  recording.currentTime = (line.from - startOf(recording)) / 1000;
  mark([line]);
  if (play) recording.play().catch(() => {}); // a browser may refuse: the place is right all the same
}

function mark(spoken) {
  const now = new Set(spoken.map((line) => line.element));
  for (const { element } of lines) {
    if (now.has(element)) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }
}

function follow(recording) {
  const time = startOf(recording) + recording.currentTime * 1000;
  const spoken = lines.filter((line) => line.from <= time && time < line.to);
  if (!spoken.length) return; // in a pause the last line stays marked
  mark(spoken);
  if (!document.getElementById("follow")?.checked || recording.paused) return;
  const box = spoken[0].element.getBoundingClientRect();
  const top = document.querySelector(".player").getBoundingClientRect();
  const covered = top.right > box.left && top.bottom < innerHeight ? top.bottom : 0;
  if (box.top < covered || box.bottom > innerHeight) spoken[0].element.scrollIntoView({ block: "center" });
}

for (const recording of media) {
  const tell = () => {
    recording.parentElement.querySelector("[data-failed]").hidden = false;
  };
  recording.addEventListener("error", tell);
  if (recording.error) tell(); // before this script ran
}
for (const recording of timed) recording.addEventListener("timeupdate", () => follow(recording));
for (const line of lines) {
  if (!recordingAt(line.from)) continue;
  const time = line.element.querySelector("time");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jump";
  button.title = "Play from here";
  time.replaceWith(button);
  button.append(time);
  line.element.classList.add("playable");
  line.element.addEventListener("click", (event) => {
    // Links work as links, and who selects text wants to copy it.
    if (!event.target.closest("a") && getSelection().isCollapsed) jump(line, true);
  });
}
// A link from the search leads to a line.
const linked = lines.find((line) => location.hash && line.element.id === location.hash.slice(1));
if (linked) jump(linked, false);

// --- pages that show new things as they come -------------------------------------------------------------------------

async function refresh() {
  const areas = [...document.querySelectorAll("[data-refresh]")];
  if (!areas.length) return;
  const wanted = document.getElementById("live")?.checked ?? true;
  if (wanted && !document.hidden) {
    const connection = document.getElementById("connection");
    try {
      const response = await fetch(location.pathname + location.search);
      if (!response.ok) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const area of areas) {
        const fresh = page.getElementById(area.id);
        // Whoever is using something in it would lose their place.
        if (!fresh || area.contains(document.activeElement) || area.innerHTML === fresh.innerHTML) continue;
        for (const open of area.querySelectorAll("details[open]")) {
          page.getElementById(open.id)?.setAttribute("open", "");
        }
        area.replaceWith(document.adoptNode(fresh));
      }
      if (connection) connection.textContent = "";
    } catch {
      if (connection) connection.textContent = "The console does not respond.";
    }
  }
  setTimeout(refresh, 1000);
}
setTimeout(refresh, 1000);
