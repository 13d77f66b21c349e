import './base.css';
import './catalog.css';
import './files.css';
import './panel.css';
