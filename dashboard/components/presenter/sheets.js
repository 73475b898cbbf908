/* What can cover the screen, one at a time: nothing but black, the QR code of the page, a message. A click uncovers. */

/** @typedef {"blank" | "link" | "message"} SheetName */

export class Sheets {
  /** @type {SheetName | null} what covers the screen */
  name = null;
  /** @type {HTMLElement | null} */
  element = null;

  uncover() {
    this.element?.remove();
    Object.assign(this, { name: null, element: null });
  }

  /**
   * Covers the screen; again with the same sheet, uncovers it.
   * @param {SheetName} name @param {...(Node | string)} content
   */
  toggle(name, ...content) {
    const open = this.name === name;
    this.uncover();
    if (!open) this.cover(name, ...content);
  }

  /** @param {SheetName} name @param {...(Node | string)} content */
  cover(name, ...content) {
    this.uncover();
    const sheet = document.createElement("div");
    sheet.className = `presenter-screen ${name}`;
    sheet.append(...content);
    sheet.onclick = () => this.uncover();
    document.body.append(sheet);
    Object.assign(this, { name, element: sheet });
    return sheet;
  }
}
