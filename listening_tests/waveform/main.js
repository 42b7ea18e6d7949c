// What Streamlit calls for the stage: the code and the looks of the player, the same in each run of the page. What it plays
// comes by trial.js, before or after this.

const link = (window.earwitness ??= { given: null, stage: null });
const instances = new WeakMap();

export default function ({ parentElement }) {
  if (!instances.has(parentElement)) {
    const player = new Player(parentElement);
    const stage = ({ data, send }) => {
      player.send = send;
      player.update(data);
    };
    instances.set(parentElement, { player, stage });
    link.stage = stage;
    if (link.given) stage(link.given);
  }
  return () => {
    const { player, stage } = instances.get(parentElement);
    player.close();
    instances.delete(parentElement);
    if (link.stage === stage) link.stage = null;
  };
}
