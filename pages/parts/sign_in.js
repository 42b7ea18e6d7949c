// Sends the password to our own server and loads the page again with the cookie it gave. See sign_in_routes.py.

const mounted = new WeakSet();

export default function ({ parentElement }) {
  const form = parentElement.querySelector("form");
  if (mounted.has(form)) return;
  mounted.add(form);
  const said = form.querySelector(".said");
  const button = form.querySelector("button");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = "";
    try {
      const answer = await fetch("/api/sign-in", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ password: form.elements.password.value.trim() }),
      });
      if (answer.ok) {
        window.location.reload();
        return;
      }
      said.textContent = (await answer.json()).message;
    } catch {
      said.textContent = "The server did not answer. Try again in a moment.";
    }
    button.disabled = false;
    form.elements.password.select();
  });
}
