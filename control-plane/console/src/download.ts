/** Hands a file to the person. `text`, or base64 of bytes. */
export function download(name: string, type: string, content: { readonly text: string } | { readonly base64: string }): void {
  const part = 'text' in content ? content.text : Uint8Array.from(atob(content.base64), (character) => character.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([part], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
