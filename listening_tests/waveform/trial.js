// What Streamlit calls for each trial, with new data: hand it to the player, and take its answer back.

const link = (window.earwitness ??= { given: null, stage: null });

export default function ({ data, setTriggerValue }) {
  const given = { data, send: (value) => setTriggerValue("answer", value) };
  link.given = given;
  link.stage?.(given);
  return () => {
    if (link.given?.send === given.send) link.given = null;
  };
}
