// Tells the browser what the page is: its language, and that another page begins at its top. Without this a page that is
// reached from the end of a long one would be shown from its middle, and a screen reader would read German as English.

export default function ({ data }) {
  const root = document.documentElement;
  root.lang = data.language;
  const before = root.dataset.shown;
  root.dataset.shown = data.page;
  if (before !== undefined && before !== data.page) document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
}
