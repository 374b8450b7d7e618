/** CamVid's eleven classes, as the network numbers them. */
export const SKY = 0;
export const BUILDING = 1;
export const POLE = 2;
export const ROAD = 3;
export const PAVEMENT = 4;
export const TREE = 5;
export const SIGN = 6;
export const FENCE = 7;
export const CAR = 8;
export const PEDESTRIAN = 9;
export const BICYCLIST = 10;

export const CLASS_COUNT = 11;
