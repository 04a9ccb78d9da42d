// The heat map and the box over a picture.

export function coloursOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Uint32Array(bytes.buffer);
}

// Lays maps of cells over pictures; what lies beyond the outermost cells is like them.
export class Heat {
  constructor(geometry, colours) {
    this.geometry = geometry;
    this.colours = colours;
    this.rim = Math.ceil(geometry.patch / 2 / geometry.stride);
    this.canvas = new OffscreenCanvas(geometry.columns + 2 * this.rim, geometry.rows + 2 * this.rim);
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  draw(context, levels, { x, y, width, height }) {
    const { rows, columns, patch, stride } = this.geometry;
    let at = 0;
    let glows = false;
    for (let row = -this.rim; row < rows + this.rim; row++) {
      const start = Math.min(rows - 1, Math.max(0, row)) * columns;
      for (let column = -this.rim; column < columns + this.rim; column++) {
        const level = levels[start + Math.min(columns - 1, Math.max(0, column))];
        glows ||= level > 0;
        this.pixels[at++] = this.colours[level];
      }
    }
    if (!glows) return;
    this.context.putImageData(this.image, 0, 0);
    const across = width / this.geometry.width;
    const down = height / this.geometry.height;
    const first = patch / 2 - stride / 2 - this.rim * stride;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.imageSmoothingQuality = "high";
    context.drawImage(
      this.canvas,
      x + first * across,
      y + first * down,
      this.canvas.width * stride * across,
      this.canvas.height * stride * down,
    );
    context.restore();
  }
}

// A thin frame with heavy corners, dark below light so that it stands out from any picture.
export function drawBox(context, [left, top, width, height], unit) {
  const arm = Math.min(width, height, 48 * unit) / 3;
  const corners = new Path2D();
  for (const [x, y, right, down] of [
    [left, top, arm, arm],
    [left + width, top, -arm, arm],
    [left, top + height, arm, -arm],
    [left + width, top + height, -arm, -arm],
  ]) {
    corners.moveTo(x + right, y);
    corners.lineTo(x, y);
    corners.lineTo(x, y + down);
  }
  const frame = new Path2D();
  frame.rect(left, top, width, height);
  context.lineJoin = context.lineCap = "round";
  for (const [colour, more] of [["rgb(44 40 48 / .75)", 2], ["#fff8fa", 0]]) {
    context.strokeStyle = colour;
    context.lineWidth = (1 + more / 2) * unit;
    context.stroke(frame);
    context.lineWidth = (2.6 + more) * unit;
    context.stroke(corners);
  }
}
