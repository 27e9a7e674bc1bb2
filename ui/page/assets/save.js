// Saves the text that the server sends as a file, in the browser alone: the server keeps no copy.
watch("value", () => {
  if (!props.value) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([props.value], { type: "application/json" }));
  link.download = "reconteur-export.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});
