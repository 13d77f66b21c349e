package org.apache.livy.repl;

/** Line ends, as Livy's own conversion treats them. */
final class Lines {
  private Lines() {}

  /** The text with \n line ends; its first line's end tells which kind is replaced. */
  static String unix(String text) {
    int feed = text.indexOf('\n');
    int carriage = text.indexOf('\r');
    if (carriage < 0 || (feed >= 0 && feed < carriage)) {
      return text;
    }
    if (feed == carriage + 1) {
      return text.replace("\r\n", "\n");
    }
    return carriage == text.length() - 1 ? text : text.replace('\r', '\n');
  }
}
