/** The API group and version of Warren's kinds. */

export const GROUP = 'warren.dev'
export const VERSION = 'v1alpha1'
export const API_VERSION = `${GROUP}/${VERSION}`
