// Photos of a machine. They are drawn into a canvas, because an <img> cannot send the key, and so the page's policy
// needs no pictures from anywhere but its own files.

import { readPicture } from "./api.js";
import { element } from "./dom.js";
import { clock } from "./format.js";

const WIDTH = 160;

/** A list of thumbnails; each appears when it has come. */
export function thumbnails(photos) {
  return element("ul", { class: "photos" }, photos.map(photo));
}

function photo({ thumbnail, uploadedAt, visitId, width, height }) {
  const said = visitId ? `${clock(uploadedAt)}, visit ${visitId}` : clock(uploadedAt);
  const picture = element("canvas", { role: "img", "aria-label": `Photo of ${said}`, width: WIDTH, height: tall(width ?? 4, height ?? 3) });
  draw(picture, thumbnail);
  return element("li", {}, picture, element("span", {}, said));
}

const tall = (width, height) => Math.max(1, Math.round((WIDTH * height) / width));

async function draw(picture, address) {
  try {
    const bitmap = await createImageBitmap(await readPicture(address));
    const height = tall(bitmap.width, bitmap.height);
    if (picture.height !== height) picture.height = height; // where the list did not say it
    picture.getContext("2d").drawImage(bitmap, 0, 0, picture.width, picture.height);
    picture.dataset.drawn = "true";
  } catch {
    // The list still says when it was taken, and the next opening of the panel tries again.
    picture.dataset.drawn = "false";
  }
}
