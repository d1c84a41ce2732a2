"use strict";
// Filters and sorts the findings. Without it the page shows all of them in the report's order.
// What is chosen stands in the address behind the #, so that a view can be passed on.
(() => {
  const form = document.getElementById("filter");
  const table = document.getElementById("findings-table");
  if (!form || !table) return;
  const count = document.getElementById("shown");
  const heads = [...table.tHead.rows[0].cells];
  const groups = [...table.tBodies];
  const rows = groups.flatMap((group) => [...group.rows].filter((row) => row.dataset.severity));
  const ranks = ["info", "low", "medium", "high", "critical"];
  const collator = new Intl.Collator(undefined, { numeric: true });
  rows.forEach((row, place) => {
    row.place = place;
    row.words = row.textContent.toLowerCase();
  });
  let sort = "";

  const key = (row, name) =>
    name === "severity" ? ranks.indexOf(row.dataset.severity) : row.dataset[name] || "";

  function show() {
    const text = form.text.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const meant = ["severity", "check", "region"].every(
        (name) => !form[name].value || form[name].value === row.dataset[name]);
      row.hidden = !(meant && row.words.includes(text));
      shown += row.hidden ? 0 : 1;
    }
    for (const group of groups) {
      group.hidden = [...group.rows].every((row) => row.hidden || !row.dataset.severity);
    }
    count.textContent = `Showing ${shown} of ${rows.length}`;
  }

  function order() {
    const name = sort.replace("-", "");
    const sign = sort.startsWith("-") ? -1 : 1;
    const before = (one, other) => {
      const [left, right] = [key(one, name), key(other, name)];
      const order = typeof left === "number" ? left - right : collator.compare(left, right);
      return sign * order || one.place - other.place;
    };
    for (const group of groups) {
      const own = rows.filter((row) => row.parentNode === group);
      own.sort(name ? before : (one, other) => one.place - other.place);
      group.append(...own);
    }
    for (const head of heads.filter((one) => one.dataset.sort)) {
      const said = head.dataset.sort === name ? (sign < 0 ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", said);
    }
  }

  function remember() {
    const chosen = new URLSearchParams();
    for (const name of ["text", "severity", "check", "region"]) {
      if (form[name].value) chosen.set(name, form[name].value);
    }
    if (sort) chosen.set("sort", sort);
    history.replaceState(null, "", `#${chosen}`);
  }

  function recall() {
    const chosen = new URLSearchParams(location.hash.slice(1));
    for (const name of ["text", "severity", "check", "region"]) {
      form[name].value = chosen.get(name) || "";
    }
    const wanted = chosen.get("sort") || "";
    sort = heads.some((head) => head.dataset.sort === wanted.replace("-", "")) ? wanted : "";
    order();
    show();
  }

  for (const head of heads.filter((one) => one.dataset.sort)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.dataset.title = head.textContent;
    button.addEventListener("click", () => {
      const name = head.dataset.sort;
      sort = sort === name ? `-${name}` : sort === `-${name}` ? "" : name;
      order();
      remember();
    });
    head.replaceChildren(button);
  }
  form.addEventListener("input", () => { show(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    sort = "";
    setTimeout(() => { order(); show(); remember(); });
  });
  addEventListener("hashchange", recall);
  form.hidden = false;
  recall();
})();
