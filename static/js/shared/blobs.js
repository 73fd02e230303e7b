/** Files waiting to be uploaded, kept through a reload in IndexedDB; in memory where that is refused. */

const STORE = 'files';

/** @type {Map<string, Blob>} */
const memory = new Map();
/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/** @param {string} id @param {Blob} blob */
export async function putBlob(id, blob) {
  memory.set(id, blob);
  await inStore('readwrite', (store) => store.put(blob, id)).catch(() => {});
}

/** @param {string} id @returns {Promise<Blob | null>} */
export async function getBlob(id) {
  return memory.get(id) ?? (await inStore('readonly', (store) => store.get(id)).catch(() => null)) ?? null;
}

/** @param {string} id */
export async function dropBlob(id) {
  memory.delete(id);
  await inStore('readwrite', (store) => store.delete(id)).catch(() => {});
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} act
 * @returns {Promise<any>}
 */
async function inStore(mode, act) {
  const database = await (opening ??= open());
  return settled(act(database.transaction(STORE, mode).objectStore(STORE)));
}

/** @returns {Promise<IDBDatabase>} */
async function open() {
  const request = indexedDB.open('parley', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

/** @param {IDBRequest} request @returns {Promise<any>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
