// Pictures that come from other machines: only those that can be seen, few at a time, and of each
// machine one. So a machine that is slow holds up no other, and never what the page itself asks for:
// a browser has six connections, and the viewer may take three.

import * as api from "./api.js";

const MOST = 2;
const AGAIN_MS = 30000;

export class Pictures {
  constructor(laneOf) {
    this.laneOf = laneOf; // from an event to its machine
    this.waiting = new Map(); // image to event
    this.busy = new Set();
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) target.isInView = isIntersecting;
      this.goOn();
    });
  }

  show(image, event) {
    this.waiting.set(image, event);
    this.seen.observe(image);
    this.goOn();
  }

  goOn() {
    for (const [image, event] of this.waiting) {
      if (!image.isConnected && image.isInView) this.forget(image);
      else if (this.busy.size >= MOST) return;
      else if (image.isInView && !this.busy.has(this.laneOf(event))) this.fetch(image, event);
    }
  }

  forget(image) {
    this.waiting.delete(image);
    this.seen.unobserve(image);
    image.isInView = false;
  }

  async fetch(image, event) {
    const lane = this.laneOf(event);
    this.busy.add(lane);
    this.waiting.delete(image);
    try {
      const address = URL.createObjectURL(await api.fetchPicture(api.picture(event, 320)));
      image.onload = image.onerror = () => URL.revokeObjectURL(address);
      image.src = address;
    } catch {
      setTimeout(() => image.isConnected && !this.waiting.has(image) && this.show(image, event), AGAIN_MS);
    }
    this.busy.delete(lane);
    this.goOn();
  }
}
