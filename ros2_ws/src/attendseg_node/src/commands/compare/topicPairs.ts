/** Topics that are compared; one side lacks it where the name is in one bag only. */
export interface TopicPair {
  readonly a: string | undefined;
  readonly b: string | undefined;
}

/** A bag's topics of sensor_msgs/msg/Image. */
export interface ImageTopics {
  readonly path: string;
  readonly images: readonly string[];
}

/**
 * Pairs the mask topics of two bags by name, or the only one of each whatever they are called. Masks are topics called
 * `mask`, or the only topic of pictures that a bag has.
 * @param wanted only these topics, whatever they are called; all masks if empty
 * @throws Error with the remedy if a bag has none
 */
export function chooseTopics(a: ImageTopics, b: ImageTopics, wanted: readonly string[]): TopicPair[] {
  const unknown = wanted.find((topic) => ![...a.images, ...b.images].includes(topic));
  if (unknown !== undefined)
    throw new Error(`${unknown}: no topic of pictures in ${a.path} or ${b.path}; ${listed(a)}; ${listed(b)}`);
  const [masksA, masksB] = [masksOf(a, wanted), masksOf(b, wanted)];
  const [onlyA, ...othersA] = masksA;
  const [onlyB, ...othersB] = masksB;
  if (othersA.length === 0 && othersB.length === 0) return [{ a: onlyA, b: onlyB }];
  return [...new Set([...masksA, ...masksB])].map((topic) => ({
    a: masksA.find((name) => name === topic),
    b: masksB.find((name) => name === topic),
  }));
}

function masksOf(bag: ImageTopics, wanted: readonly string[]): string[] {
  const { path, images } = bag;
  const masks =
    wanted.length > 0
      ? images.filter((topic) => wanted.includes(topic))
      : images.filter((topic) => /(?:^|\/)mask$/.test(topic));
  if (masks.length > 0) return masks.sort();
  if (wanted.length === 0 && images.length === 1) return [...images];
  throw new Error(
    wanted.length > 0
      ? `${path}: none of ${wanted.join(', ')} is in it; ${listed(bag)}`
      : `${path}: which topic has masks? None is called .../mask; name it by --topics; ${listed(bag)}`,
  );
}

function listed({ path, images }: ImageTopics): string {
  return images.length === 0
    ? `${path} has no sensor_msgs/msg/Image at all`
    : `${path} has ${[...images].sort().join(', ')}`;
}
