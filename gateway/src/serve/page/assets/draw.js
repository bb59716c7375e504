// From data to the document. Text only ever becomes the text of an element: what a device is called cannot become markup.

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Gives an element its text, and leaves one alone that has it: so a selection in it stays. */
export function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Gives each `data-cell` in an element its text, or its text and tone. */
export function fill(element, cells) {
  for (const [name, cell] of Object.entries(cells)) {
    const place = element.querySelector(`[data-cell="${name}"]`);
    set(place, cell?.text ?? cell ?? "");
    if (cell?.tone) place.dataset.tone = cell.tone;
  }
}

/**
 * Makes the children of `body` those of `items`: one for each, in their order, from the template. A row whose key was there
 * before is kept, so that focus and selection are.
 */
export function rows(body, template, items, keyOf, show) {
  const keys = unique(items.map(keyOf));
  const wanted = new Set(keys);
  const old = new Map();
  const focused = document.activeElement;
  for (const row of [...body.children]) {
    if (wanted.has(row.dataset.key)) old.set(row.dataset.key, row);
    else row.remove();
  }
  let place = body.firstElementChild;
  items.forEach((item, at) => {
    const row = old.get(keys[at]) ?? byId(template).content.firstElementChild.cloneNode(true);
    row.dataset.key = keys[at];
    show(row, item);
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  });
  // Moving a row takes the focus from what is in it.
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
}

/** Likewise for a table in a section with a line for when it is empty. */
export function table(section, template, items, keyOf, show) {
  rows(section.querySelector("tbody"), template, items, keyOf, show);
  section.querySelector("table").hidden = items.length === 0;
  section.querySelector(".empty").hidden = items.length > 0;
}

/** Makes the options of a `select` behind its first one those of `names`. What is chosen stays, even if it is gone. */
export function options(select, names) {
  const chosen = select.value;
  const wanted = names.includes(chosen) || chosen === "" ? names : [...names, chosen];
  const shown = [...select.options].slice(1).map((option) => option.value);
  if (shown.length === wanted.length && shown.every((name, at) => name === wanted[at])) return;
  select.replaceChildren(select.options[0], ...wanted.map((name) => new Option(name, name)));
  select.value = chosen;
}

/** Keys that come again get a number. */
function unique(keys) {
  const seen = new Map();
  return keys.map((key) => {
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    return times === 0 ? key : `${key} ${times}`;
  });
}
