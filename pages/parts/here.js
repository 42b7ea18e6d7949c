// Tells the browser what the page is: its language, and that another page begins at its top. Without this a page that is
// reached from the end of a long one would be shown from its middle, and a screen reader would read German as English.
//
// Streamlit says in English that the connection is lost, and only in English: its dialog gets our words.

const here = (window.earwitnessHere ??= { words: null, watching: null });

function translate() {
  const app = document.querySelector('[data-testid="stApp"]');
  const dialog = document.querySelector('[data-testid="stDialog"] [role="dialog"]');
  if (!dialog || !here.words || app?.dataset.testConnectionState === "CONNECTED") return;
  const texts = [...dialog.querySelectorAll("*")].filter((one) => !one.children.length && one.textContent);
  if (texts.length !== 2) return; // not the dialog that we know
  texts[0].textContent = here.words.title;
  texts[1].textContent = here.words.text;
  dialog.querySelector("button")?.setAttribute("aria-label", here.words.close);
}

export default function ({ data }) {
  const root = document.documentElement;
  root.lang = data.language;
  const before = root.dataset.shown;
  root.dataset.shown = data.page;
  if (before !== undefined && before !== data.page) document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
  here.words = data.lost;
  if (!here.watching) {
    here.watching = new MutationObserver(translate);
    here.watching.observe(document.body, { childList: true });
  }
}
