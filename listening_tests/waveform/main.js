// What Streamlit calls: once for each run of the page, with new data and the same place on the page.

const instances = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let player = instances.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    instances.set(parentElement, player);
  }
  player.send = (value) => setTriggerValue("answer", value);
  player.update(data);
  return () => {
    player.close();
    instances.delete(parentElement);
  };
}
