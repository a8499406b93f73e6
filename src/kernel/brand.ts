/** A nominal type over a structural one: only the parser that proves the shape may cast to it. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };
