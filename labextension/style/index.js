import './base.css';
import './files.css';
import './panel.css';
import './filetree.css';
