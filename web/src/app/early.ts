// What the page will ask first, asked for while its code is still on the way:
// on a phone's line the answers are there when it is. A file of its own, loaded
// before all others; the browser hands an answer to whoever asks the same.
import { firstAsked } from './first-asked';

for (const url of firstAsked(location.pathname)) {
  const link = document.createElement('link');
  link.rel = 'preload';
  link.as = 'fetch';
  link.crossOrigin = 'anonymous'; // as fetch does it: cookies to this origin only
  link.href = url;
  document.head.append(link);
}
