// Finds text that a viewer cannot read in full.

/** Each text of the panel that is cut at an edge, with the side. */
export function cutTexts(panel: Element): string[] {
  const found = new Set<string>();
  const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const side = node.textContent!.trim() && isVisible(node.parentElement!) && cutSide(node, panel);
    if (side) {
      found.add(`${node.textContent!.trim()} (${side})`);
    }
  }
  return [...found];
}

function isVisible(element: Element): boolean {
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility !== 'hidden';
}

/** What is scrolled to from top to bottom can be read; what is cut from left to right can not. */
function cutSide(node: Node, panel: Element): string | undefined {
  const range = document.createRange();
  range.selectNodeContents(node);
  const text = range.getBoundingClientRect();
  const edge = panel.getBoundingClientRect();
  if (text.right > edge.right + 1 || text.left < edge.left - 1) {
    return 'beyond its panel';
  }
  for (let around = node.parentElement; around && around !== panel; around = around.parentElement) {
    const { overflowX, overflowY, paddingRight, textOverflow } = getComputedStyle(around);
    const box = around.getBoundingClientRect();
    if (textOverflow === 'ellipsis' && text.width > box.width - Number.parseFloat(paddingRight)) {
      return 'left or right';
    }
    if (overflowX !== 'visible' && (text.right > box.right + 1 || text.left < box.left - 1)) {
      return 'left or right';
    }
    if (overflowY === 'auto' || overflowY === 'scroll') {
      // Rows above and below are a scroll away.
      return horizontallyCut(around, text, panel);
    }
    if (overflowY !== 'visible' && (text.bottom > box.bottom + 3 || text.top < box.top - 3)) {
      return 'above or below';
    }
  }
  return undefined;
}

function horizontallyCut(from: Element, text: DOMRect, panel: Element): string | undefined {
  for (let around: Element | null = from; around && around !== panel; around = around.parentElement) {
    const box = around.getBoundingClientRect();
    if (getComputedStyle(around).overflowX !== 'visible' && (text.right > box.right + 1 || text.left < box.left - 1)) {
      return 'left or right';
    }
  }
  return undefined;
}
