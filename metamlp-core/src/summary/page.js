for (const button of document.querySelectorAll("button[data-open]")) {
  button.addEventListener("click", () => {
    const open = button.dataset.open === "true";
    for (const branch of document.querySelectorAll("details")) branch.open = open;
  });
}
